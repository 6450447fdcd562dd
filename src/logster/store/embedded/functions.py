"""The functions that SQL of administrators may use; every other one is refused.

In: a name as it is typed. Out: nothing, or `NotAllowedError` that tells which near one is allowed.
Promise: what is listed looks at nothing but its arguments, and costs about as much as they are
long; the few whose cost lies in one argument want it written out (store/embedded/enclosure).

Left out, besides what tells about the machine, the engine, other questions or the place of a row:
what compares texts in square time (editDistance, ngramDistance, …), what takes the name of another
function as text (arrayReduce), states of aggregates, and `throwIf`.

It is long because it is a list; docs/reference/sql.md is printed from it.
"""

from __future__ import annotations

import difflib
import sys
import textwrap
from functools import lru_cache

from logster.store.embedded.guard import NotAllowedError

#: Table functions; they make rows out of nothing but their arguments.
ROWS = "numbers numbers_mt zeros zeros_mt generate_series values"

OPERATORS = """
    plus minus multiply divide intDiv intDivOrZero intDivOrNull modulo moduloOrZero moduloOrNull
    mod positiveModulo positive_modulo pmod negate abs gcd lcm max2 min2 avg2 midpoint sqr
    byteSwap divideOrNull divideDecimal multiplyDecimal isFinite isInfinite isNaN ifNotFinite
    isDecimalOverflow equals notEquals less greater lessOrEquals greaterOrEquals isDistinctFrom
    isNotDistinctFrom in notIn nullIn notNullIn globalIn globalNotIn exists and or not xor if
    multiIf caseWithExpression caseWithExpr caseWithoutExpression caseWithoutExpr clamp greatest
    least coalesce ifNull isNull isNotNull isNullable isZeroOrNull nullIf assumeNotNull toNullable
    firstNonDefault transform tuple array map lambda arrayElement arrayElementOrNull tupleElement
    arrayJoin unnest identity ignore materialize isConstant grouping toTypeName byteSize bar
    defaultValueOfArgumentType
"""

CASTS = """
    CAST accurateCast accurateCastOrNull accurateCastOrDefault toBool toString toStringCutToZero
    toFixedString toDecimalString toUUID toUUIDOrNull toUUIDOrZero toUUIDOrDefault toInterval
    toIntervalNanosecond toIntervalMicrosecond toIntervalMillisecond toIntervalSecond
    toIntervalMinute toIntervalHour toIntervalDay toIntervalWeek toIntervalMonth toIntervalQuarter
    toIntervalYear reinterpretAsString reinterpretAsFixedString reinterpretAsUUID
    reinterpretAsDate reinterpretAsDateTime
"""
_NUMBERS = (
    *(f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64, 128, 256)),
    *("Float32", "Float64"),
)
_CONVERTED = (
    *_NUMBERS,
    *(f"Decimal{bits}" for bits in (32, 64, 128, 256)),
    *("Date", "Date32", "DateTime", "DateTime64", "IPv4", "IPv6"),
)

TIMES = """
    now now64 today yesterday current_date curdate current_timestamp UTCTimestamp UTC_timestamp
    toYear toQuarter toMonth toWeek toYearWeek toDayOfYear toDayOfMonth toDayOfWeek toHour
    toMinute toSecond toMillisecond toMicrosecond toNanosecond YEAR QUARTER MONTH week DAY
    DAYOFYEAR DAYOFMONTH DAYOFWEEK HOUR MINUTE SECOND MILLISECOND MICROSECOND NANOSECOND LAST_DAY
    yearweek toUnixTimestamp toUnixTimestamp64Second toUnixTimestamp64Milli toUnixTimestamp64Micro
    toUnixTimestamp64Nano fromUnixTimestamp FROM_UNIXTIME fromUnixTimestamp64Second
    fromUnixTimestamp64Milli fromUnixTimestamp64Micro fromUnixTimestamp64Nano TO_UNIXTIME
    toStartOfYear toStartOfISOYear toStartOfQuarter toStartOfMonth toStartOfWeek toMonday
    toStartOfDay toStartOfHour toStartOfMinute toStartOfSecond toStartOfMillisecond
    toStartOfMicrosecond toStartOfNanosecond toStartOfFiveMinutes toStartOfFiveMinute
    toStartOfTenMinutes toStartOfFifteenMinutes toStartOfInterval date_bin time_bucket timeSlot
    dateTrunc DATE_TRUNC toLastDayOfMonth toLastDayOfWeek toDaysInMonth toISOYear toISOWeek
    toYYYYMM toYYYYMMDD toYYYYMMDDhhmmss YYYYMMDDToDate YYYYMMDDToDate32 YYYYMMDDhhmmssToDateTime
    YYYYMMDDhhmmssToDateTime64 toTimeWithFixedDate toRelativeYearNum toRelativeQuarterNum
    toRelativeMonthNum toRelativeWeekNum toRelativeDayNum toRelativeHourNum toRelativeMinuteNum
    toRelativeSecondNum toYearNumSinceEpoch toMonthNumSinceEpoch addYears addQuarters addMonths
    addWeeks addDays addHours addMinutes addSeconds addMilliseconds addMicroseconds addNanoseconds
    addInterval addDate subtractYears subtractQuarters subtractMonths subtractWeeks subtractDays
    subtractHours subtractMinutes subtractSeconds subtractMilliseconds subtractMicroseconds
    subtractNanoseconds subtractInterval subDate changeYear changeMonth changeDay changeHour
    changeMinute changeSecond dateDiff DATE_DIFF date_diff timestampDiff timestamp_diff
    TIMESTAMP_DIFF timeDiff age dateName monthName makeDate makeDate32 makeDateTime makeDateTime64
    toTimezone toTimeZone timezoneOf timeZoneOf timezoneOffset timeZoneOffset toUTCTimestamp
    fromUTCTimestamp to_utc_timestamp from_utc_timestamp formatDateTime DATE_FORMAT
    formatDateTimeInJodaSyntax fromUnixTimestampInJodaSyntax timestamp DATE toDateTime32
    toModifiedJulianDay fromModifiedJulianDay toDaysSinceYearZero fromDaysSinceYearZero TO_DAYS
    FROM_DAYS parseTimeDelta parseISO8601Duration formatReadableTimeDelta str_to_date
    UUIDv7ToDateTime dateTimeToSnowflakeID dateTime64ToSnowflakeID snowflakeIDToDateTime
    snowflakeIDToDateTime64 tumble tumbleStart tumbleEnd
"""
_PARSED_TIMES = (
    "parseDateTime",
    "parseDateTime64",
    "parseDateTimeInJodaSyntax",
    "parseDateTime64InJodaSyntax",
    "parseDateTimeBestEffort",
    "parseDateTimeBestEffortUS",
    "parseDateTime32BestEffort",
    "parseDateTime64BestEffort",
    "parseDateTime64BestEffortUS",
)

MATHEMATICS = """
    acos acosh asin asinh atan atan2 atanh cbrt ceil ceiling cos cosh degrees e erf erfc exp exp10
    exp2 factorial floor hypot intExp10 intExp2 lgamma ln log log10 log1p log2 pi pow power
    radians round roundAge roundBankers roundDown roundDuration roundToExp2 sigmoid sign sin sinh
    sqrt tan tanh tgamma trunc truncate widthBucket width_bucket bitAnd bitOr bitXor bitNot
    bitShiftLeft bitShiftRight bitRotateLeft bitRotateRight bitTest bitTestAll bitTestAny bitCount
    bitHammingDistance bitSlice rand rand32 rand64 randCanonical randUniform randNormal
    generateUUIDv4 generateUUIDv7 formatReadableSize FORMAT_BYTES formatReadableDecimalSize
    formatReadableQuantity parseReadableSize parseReadableSizeOrNull parseReadableSizeOrZero
    countDigits
"""

TEXTS = """
    length lengthUTF8 CHAR_LENGTH CHARACTER_LENGTH OCTET_LENGTH empty notEmpty lower upper lcase
    ucase lowerUTF8 upperUTF8 caseFoldUTF8 initcap initcapUTF8 concat concat_ws
    concatWithSeparator concatAssumeInjective substring substr mid byteSlice substringUTF8
    substringIndex SUBSTRING_INDEX substringIndexUTF8 left right leftUTF8 rightUTF8 trim ltrim
    rtrim trimBoth trimLeft trimRight reverse reverseUTF8 startsWith endsWith startsWithUTF8
    endsWithUTF8 startsWithCaseInsensitive endsWithCaseInsensitive startsWithCaseInsensitiveUTF8
    endsWithCaseInsensitiveUTF8 ascii char leftPad lpad rightPad rpad leftPadUTF8 rightPadUTF8
    repeat space appendTrailingCharIfAbsent position locate instr positionCaseInsensitive
    positionUTF8 positionCaseInsensitiveUTF8 countSubstrings countSubstringsCaseInsensitive
    countSubstringsCaseInsensitiveUTF8 hasSubsequence hasSubsequenceCaseInsensitive hasToken
    hasTokenOrNull hasTokenCaseInsensitive hasTokenCaseInsensitiveOrNull hasAllTokens hasAllToken
    hasAnyTokens hasAnyToken hasPhrase matchPhrase multiSearchAny multiSearchAnyCaseInsensitive
    multiSearchAnyUTF8 multiSearchAnyCaseInsensitiveUTF8 multiSearchFirstIndex
    multiSearchFirstIndexCaseInsensitive multiSearchFirstPosition
    multiSearchFirstPositionCaseInsensitive multiSearchAllPositions
    multiSearchAllPositionsCaseInsensitive match notMatch matchCaseInsensitive REGEXP_MATCHES like
    notLike ilike notILike extract extractAll extractGroups extractAllGroups
    extractAllGroupsVertical extractAllGroupsHorizontal countMatches countMatchesCaseInsensitive
    regexpExtract REGEXP_EXTRACT REGEXP_SUBSTR regexpPosition regexpInstr replaceRegexpAll
    replaceRegexpOne REGEXP_REPLACE regexpQuoteMeta splitByRegexp replace replaceAll replaceOne
    translate translateUTF8 overlay overlayUTF8 format printf splitByChar splitByString
    splitByWhitespace splitByNonAlpha splitByAlpha alphaTokens tokens arrayStringConcat
    array_to_string firstLine basename soundex isValidUTF8 toValidUTF8 isValidASCII
    normalizeUTF8NFC normalizeUTF8NFD normalizeUTF8NFKC normalizeUTF8NFKD removeDiacriticsUTF8
    encodeXMLComponent decodeXMLComponent decodeHTMLComponent extractTextFromHTML naturalSortKey
    base64Encode base64Decode tryBase64Decode base64URLEncode base64URLDecode tryBase64URLDecode
    TO_BASE64 FROM_BASE64 base58Encode base58Decode tryBase58Decode base32Encode base32Decode
    tryBase32Decode hex unhex bin unbin conv CRC32 CRC32IEEE CRC64 stringBytesUniq
    stringBytesEntropy visibleWidth compareSubstrings bitmaskToArray bitmaskToList
    bitPositionsToArray
"""

HASHES = """
    MD5 MD4 SHA1 SHA224 SHA256 SHA384 SHA512 SHA512_256 RIPEMD160 keccak256 HMAC halfMD5 sipHash64
    sipHash128 cityHash64 farmHash64 farmFingerprint64 metroHash64 murmurHash2_32 murmurHash2_64
    murmurHash3_32 murmurHash3_64 murmurHash3_128 gccMurmurHash kafkaMurmurHash xxHash32 xxHash64
    xxh3 xxh3_128 wyHash64 javaHash hiveHash intHash32 intHash64 URLHash
"""

JSON = """
    JSONExtract JSONExtractBool JSONExtractInt JSONExtractUInt JSONExtractFloat JSONExtractString
    JSONExtractRaw JSONExtractArrayRaw JSONExtractKeys JSONExtractKeysAndValues
    JSONExtractKeysAndValuesRaw JSONExtractCaseInsensitive JSONExtractBoolCaseInsensitive
    JSONExtractIntCaseInsensitive JSONExtractUIntCaseInsensitive JSONExtractFloatCaseInsensitive
    JSONExtractStringCaseInsensitive JSONExtractRawCaseInsensitive
    JSONExtractArrayRawCaseInsensitive JSONExtractKeysCaseInsensitive JSONHas JSONKey JSONLength
    JSONArrayLength JSON_ARRAY_LENGTH JSONType JSON_EXISTS JSON_QUERY JSON_VALUE JSONMergePatch
    isValidJSON prettyPrintJSON toJSONString simpleJSONHas simpleJSONExtractBool
    simpleJSONExtractFloat simpleJSONExtractInt simpleJSONExtractRaw simpleJSONExtractString
    simpleJSONExtractUInt visitParamHas visitParamExtractBool visitParamExtractFloat
    visitParamExtractInt visitParamExtractRaw visitParamExtractString visitParamExtractUInt
    extractKeyValuePairs extractKeyValuePairsWithEscaping mapFromString str_to_map
"""

COLLECTIONS = """
    arrayAll arrayAvg arrayCompact arrayConcat arrayCount arrayCumSum arrayCumSumNonNegative
    arrayDifference arrayDistinct arrayDotProduct arrayEnumerate arrayEnumerateDense
    arrayEnumerateUniq arrayExcept arrayExists arrayFill arrayFilter arrayFirst arrayFirstIndex
    arrayFirstOrNull arrayFlatten flatten arrayIntersect arrayLast arrayLastIndex arrayLastOrNull
    arrayMap arrayMax arrayMin arrayPartialSort arrayPartialReverseSort arrayPopBack arrayPopFront
    arrayProduct arrayPushBack arrayPushFront arrayRemove arrayResize arrayReverse
    arrayReverseFill arrayReverseSort arrayReverseSplit arrayRotateLeft arrayRotateRight
    arrayShiftLeft arrayShiftRight arraySlice arraySort arraySplit arraySum arrayUnion arrayUniq
    arrayWithConstant arrayZip arrayZipUnaligned has notHas indexOf
    countEqual range arrayTopK arrayBottomK emptyArrayToSingle emptyArrayString emptyArrayUInt8
    emptyArrayUInt64 emptyArrayInt64 emptyArrayFloat64 emptyArrayDate emptyArrayDateTime mapAdd
    mapAll mapApply mapConcat mapContains mapContainsKey mapContainsValue mapContainsKeyLike
    mapContainsValueLike mapExists mapExtractKeyLike mapExtractValueLike mapFilter mapFromArrays
    MAP_FROM_ARRAYS mapKeys mapPartialSort mapPartialReverseSort mapReverseSort mapSort
    mapSubtract mapUpdate mapValues tupleConcat tupleDivide tupleMinus tupleMultiply tupleNames
    tupleNegate tuplePlus tupleIntDiv tupleModulo tupleToNameValuePairs flattenTuple untuple
    tupleHammingDistance
"""

NETWORK = """
    IPv4CIDRToRange IPv4NumToString IPv4NumToStringClassC IPv4StringToNum IPv4StringToNumOrDefault
    IPv4StringToNumOrNull IPv4ToIPv6 IPv6CIDRToRange IPv6NumToString IPv6StringToNum
    IPv6StringToNumOrDefault IPv6StringToNumOrNull INET_ATON INET_NTOA INET6_ATON INET6_NTOA
    cutIPv6 isIPAddressInRange isIPv4String isIPv6String MACNumToString MACStringToNum
    MACStringToOUI UUIDStringToNum UUIDNumToString UUIDToNum greatCircleDistance geoDistance
    pointInPolygon geohashEncode geohashDecode URLHierarchy URLPathHierarchy cutFragment
    cutQueryString cutQueryStringAndFragment cutToFirstSignificantSubdomain
    cutToFirstSignificantSubdomainWithWWW cutURLParameter cutWWW decodeURLComponent
    decodeURLFormComponent domain domainRFC domainWithoutWWW domainWithoutWWWRFC
    encodeURLComponent encodeURLFormComponent extractURLParameter extractURLParameterNames
    extractURLParameters firstSignificantSubdomain fragment netloc path pathFull port portRFC
    protocol queryString queryStringAndFragment topLevelDomain topLevelDomainRFC
"""

AGGREGATES = """
    any any_value anyHeavy anyLast first_value last_value any_respect_nulls anyLast_respect_nulls
    first_value_respect_nulls last_value_respect_nulls any_value_respect_nulls argMax argMin
    max_by min_by argAndMax argAndMin avg avgWeighted boundingRatio categoricalInformationValue
    contingency corr corrStable corrMatrix count covarPop covarPopStable covarSamp covarSampStable
    covarPopMatrix covarSampMatrix cramersV cramersVBiasCorrected deltaSum deltaSumTimestamp
    entropy exponentialMovingAverage exponentialTimeDecayedAvg exponentialTimeDecayedCount
    exponentialTimeDecayedMax exponentialTimeDecayedSum gini groupArray array_agg
    groupArrayInsertAt groupArrayIntersect groupArrayLast groupArrayMovingAvg groupArrayMovingSum
    groupArraySample groupArraySorted array_concat_agg groupBitAnd groupBitOr groupBitXor BIT_AND
    BIT_OR BIT_XOR groupConcat group_concat string_agg groupUniqArray histogram intervalLengthSum
    kurtPop kurtSamp largestTriangleThreeBuckets lttb mannWhitneyUTest max maxIntersections
    maxIntersectionsPosition maxMappedArrays maxMap min minMap minMappedArrays meanZTest rankCorr
    regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy
    retention sequenceCount sequenceMatch sequenceMatchEvents simpleLinearRegression
    singleValueOrNull skewPop skewSamp sparkbar sparkBar stddevPop stddevPopStable stddevSamp
    stddevSampStable STD STDDEV STDDEV_POP STDDEV_SAMP studentTTest studentTTestOneSample sum
    sumCount sumKahan sumMap sumMappedArrays sumMapFiltered sumWithOverflow theilsU topK
    topKWeighted approx_top_count approx_top_k approx_top_sum uniq uniqCombined uniqCombined64
    uniqExact uniqHLL12 uniqUpTo varPop varPopStable varSamp varSampStable VAR_POP VAR_SAMP
    COVAR_POP COVAR_SAMP welchTTest windowFunnel row_number rank denseRank dense_rank percentRank
    percent_rank cume_dist ntile nth_value lag lead lagInFrame leadInFrame nonNegativeDerivative
"""
AGGREGATE = "Aggregates and window functions"
_QUANTILES = (
    "",
    *(
        "BFloat16",
        "BFloat16Weighted",
        "DD",
        "Deterministic",
        "Exact",
        "ExactExclusive",
        "ExactHigh",
    ),
    *("ExactInclusive", "ExactLow", "ExactWeighted", "ExactWeightedInterpolated", "GK"),
    *("InterpolatedWeighted", "TDigest", "TDigestWeighted", "Timing", "TimingWeighted"),
)
#: What may stand behind the name of an aggregate; those that make or take states may not.
COMBINATORS = (
    *("if", "array", "map", "distinct", "ordefault", "ornull", "resample", "foreach", "argmin"),
    "argmax",
)

_ENDS = ("", "OrNull", "OrZero", "OrDefault")
#: Subject -> names, as docs/reference/sql.md lists them.
SUBJECTS: dict[str, list[str]] = {
    "Rows from nothing": ROWS.split(),
    "Operators, conditions, structure": OPERATORS.split(),
    "Casts": [
        *CASTS.split(),
        *(f"to{kind}{end}" for kind in _CONVERTED for end in _ENDS),
        *(f"reinterpretAs{kind}" for kind in _NUMBERS),
    ],
    "Times": [
        *TIMES.split(),
        *(f"{name}{end}" for name in _PARSED_TIMES for end in _ENDS[:3]),
    ],
    "Numbers": MATHEMATICS.split(),
    "Texts": TEXTS.split(),
    "Hashes": HASHES.split(),
    "JSON": JSON.split(),
    "Arrays, maps, tuples": COLLECTIONS.split(),
    "Addresses and places": NETWORK.split(),
    AGGREGATE: [
        *AGGREGATES.split(),
        *(f"{head}{kind}" for head in ("quantile", "quantiles") for kind in _QUANTILES),
        *(
            f"median{kind}"
            for kind in _QUANTILES
            if kind not in ("ExactExclusive", "ExactInclusive")
        ),
    ],
}
#: Lower case -> as it is written; the engine itself knows which may be typed in any case.
_ALLOWED = {name.lower(): name for names in SUBJECTS.values() for name in names}
_ALLOWED_AGGREGATES = frozenset(name.lower() for name in SUBJECTS[AGGREGATE])

_NOW = "the time is told by now and now64"
_HOST = "the host of an event is the column host"
_MANY = "use match, or multiSearchAny for texts"
_ROWS = "use row_number, lagInFrame or leadInFrame with OVER (ORDER BY …)"
_ALIKE = "texts are compared by =, LIKE, position, match and hasAnyTokens"
#: What to do instead, for names that nothing near is spelt like.
_INSTEAD = {
    **dict.fromkeys(
        ("hostname", "fqdn", "fullhostname"), "the host of an event is the column host"
    ),
    **dict.fromkeys(("editdistance", "levenshteindistance", "dameraulevenshteindistance"), _ALIKE),
    **dict.fromkeys(("jarosimilarity", "jarowinklersimilarity", "stringjaccardindex"), _ALIKE),
    **dict.fromkeys(("ngramdistance", "ngramsearch", "multifuzzymatchany"), _ALIKE),
    **dict.fromkeys(
        ("multimatchany", "multimatchanyindex"), "use match, or multiSearchAny for texts"
    ),
    **dict.fromkeys(
        ("hasall", "hasany", "hassubstr"),
        "it takes one list's length times the other's; has finds one value, arrayIntersect all",
    ),
    **dict.fromkeys(("uptime", "nowinblock", "sleep", "sleepeachrow"), _NOW),
    **dict.fromkeys(
        ("arrayreduce", "arrayfold", "arrayreduceinranges"), "use arraySum, arrayMax, …"
    ),
    **dict.fromkeys(
        (
            "rownumberinallblocks",
            "rownumberinblock",
            "blocknumber",
            "neighbor",
            "runningdifference",
        ),
        "use row_number, lagInFrame or leadInFrame with OVER (ORDER BY …)",
    ),
    "throwif": "use if or WHERE",
    "dumpcolumnstructure": "toTypeName tells the type",
    "tocolumntypename": "toTypeName tells the type",
}
MAX_NEAR = 3


@lru_cache(maxsize=1024)
def check_function(name: str) -> None:
    """Refuse a function that is not listed, and tell what is."""
    lower = name.lower()
    if lower in _ALLOWED or _aggregate_of(lower) in _ALLOWED_AGGREGATES:
        return
    near = difflib.get_close_matches(lower, _ALLOWED, n=MAX_NEAR, cutoff=0.5)
    instead = _INSTEAD.get(lower) or (
        f"near ones that are: {', '.join(_ALLOWED[found] for found in near)}"
        if near
        else "docs/reference/sql.md lists those that are"
    )
    raise NotAllowedError(f"function {name} is not allowed, or is none; {instead}")


def _aggregate_of(lower: str) -> str:
    """The aggregate without its combinators: `sum` of `sumArrayIf`."""
    while lower not in _ALLOWED_AGGREGATES:
        end = next((end for end in COMBINATORS if lower.endswith(end)), "")
        if not end:
            break
        lower = lower.removesuffix(end)
    return lower


def render_functions() -> str:
    """Render the list as the Markdown of `docs/reference/sql.md`."""
    parts = [_HEAD]
    for subject, names in SUBJECTS.items():
        listed = textwrap.fill(" ".join(sorted(names, key=str.lower)), 100, break_on_hyphens=False)
        parts.append(f"## {subject}\n\n```text\n{listed}\n```\n")
    return "\n".join(parts)


_HEAD = """# Functions of SQL

What [`POST /api/v1/sql`](api.md#sql) may use; every other function is refused, and the refusal
names near ones that may be. They are
[ClickHouse's](https://clickhouse.com/docs/sql-reference/functions).
An aggregate may end in `If`, `Array`, `Map`, `Distinct`, `OrDefault`, `OrNull`, `Resample`,
`ForEach`, `ArgMin`, `ArgMax`.

These have an argument that must be written out, it cannot be calculated:

- the type of a cast: `CAST(x AS UInt8)`, `x::UInt8`;
- the pattern of `LIKE`, `match`, `extract`, `replaceRegexpAll` and their like; all patterns of a
  question together weigh at most 500: a `%` between two texts 4, each character of an expression 1
  as often as it is repeated (`\\d{4}` weighs 4, `x*` weighs 1);
- the columns of `values`, names and plain types without `DEFAULT` or `ALIAS`:
  `values('a UInt8, b String', (1, 'x'))`, or none: `values((1, 'x'))` has `c1` and `c2`;
- the length of `repeat`, `space`, `leftPad`, `rightPad`, `arrayResize`, `arrayWithConstant`,
  `toFixedString`: at most 10,000.

`BETWEEN` may stand eight times; `x >= a AND x <= b` does the same.
"""

if __name__ == "__main__":
    sys.stdout.write(render_functions())
