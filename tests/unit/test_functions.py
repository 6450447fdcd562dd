"""Which functions SQL of administrators may use, and what a refusal says."""

from __future__ import annotations

from pathlib import Path

import pytest

from logster.store.embedded.functions import SUBJECTS, check_function, render_functions
from logster.store.embedded.guard import NotAllowedError

ROOT = Path(__file__).parents[2]

#: What tells of the machine, the engine, other questions, the place of a row; what costs too much.
NEVER = """
    hostName fqdn getOSKernelVersion filesystemAvailable filesystemCapacity uptime version
    buildId serverUUID tcpPort getMacro getSetting getServerSetting currentUser currentDatabase
    queryID connectionId getServerPort getClientHTTPHeader showCertificate displayName
    zookeeperSessionUptime lowCardinalityIndices lowCardinalityKeys dumpColumnStructure
    toColumnTypeName blockNumber blockSize rowNumberInBlock rowNumberInAllBlocks
    runningDifference neighbor runningAccumulate partitionId mergeTreePartInfo indexHint
    estimateCompressionRatio getTypeSerializationStreams throwIf aggThrow sleep sleepEachRow
    nowInBlock file dictGet joinGet catboostEvaluate aiGenerate evalMLMethod
    naiveBayesClassifier addressToLine demangle logTrace formatRow generateSerialID
    levenshteinDistance editDistance damerauLevenshteinDistance jaroSimilarity ngramDistance
    ngramSearch stringJaccardIndex arrayLevenshteinDistance multiFuzzyMatchAny multiMatchAny
    arrayReduce arrayReduceInRanges arrayFold arrayAutocorrelation initializeAggregation
    finalizeAggregation countState sumMerge uniqStateIf groupBitmapState sumSimpleState
    randomString fuzzBits toLowCardinality remote url s3 system hasColumnInTable
    kolmogorovSmirnovTest merge mergeTreeIndex view viewExplain cluster executable python input
    null
"""


@pytest.mark.parametrize("name", NEVER.split())
def test_what_is_not_listed_is_refused_by_its_name(name: str) -> None:
    for typed in (name, name.upper(), name.lower()):
        with pytest.raises(NotAllowedError, match=f"function {typed} is not allowed, or is none; "):
            check_function(typed)


@pytest.mark.parametrize(
    "name", ["count", "COUNT", "sumIf", "quantilesTDigestArrayIf", "uniqExactOrNull", "JSONExtract"]
)
def test_what_is_listed_may_be_used_with_combinators(name: str) -> None:
    check_function(name)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("coun", "near ones that are: count,"),
        ("toStartOfHours", "near ones that are: toStartOfHour,"),
        ("hostName", "the host of an event is the column host"),
        ("levenshteinDistance", "texts are compared by =, LIKE, position, match and hasAnyTokens"),
        ("zzzzzzzz", "docs/reference/sql.md lists those that are"),
    ],
)
def test_a_refusal_says_what_may_be_used_instead(name: str, near: str) -> None:
    with pytest.raises(NotAllowedError, match=near):
        check_function(name)


def test_every_function_is_listed_once() -> None:
    names = [name for names in SUBJECTS.values() for name in names]
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_every_function_is_documented() -> None:
    assert (ROOT / "docs/reference/sql.md").read_text() == render_functions(), "make docs"
