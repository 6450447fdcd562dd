# curl with the Content-Type that it has by itself: an info, and an exception of Java's.
curl -sS "$LOGSTER_URL/ingest/text?application=shop&host=web-1" -H "ApiKey: $LOGSTER_KEY" \
  --data-binary @- <<LINES
{"level":"info","msg":"order placed $LOGSTER_RUN","n":9007199254740993,"address":{"city":"Ulm","lines":[1,2]}}
ERROR order failed $LOGSTER_RUN
java.lang.IllegalStateException: card declined
	at Cart.buy(Cart.java:1)
LINES
