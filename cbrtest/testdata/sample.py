"""Calls CT-CBR in the way of the published Python sample, with the standard library alone.

What is particular about it: the query is signed sorted by key, and sent in the caller's order;
every request has a JSON body, which is {} where a GET has its parameters in the query; the
request ID is a time-based UUID. The date is Beijing time.

Reads CTCBR_ENDPOINT, CTYUN_AK, CTYUN_SK, CTYUN_REGION_ID and CTCBR_HOST_ID. Prints one line for
each request: its name, the HTTP status, the statusCode of the answer, and the code of a failure.
"""

import base64
import datetime
import hashlib
import hmac
import http.client
import json
import os
import urllib.parse
import uuid

ENDPOINT = urllib.parse.urlsplit(os.environ["CTCBR_ENDPOINT"])
AK, SK = os.environ["CTYUN_AK"], os.environ["CTYUN_SK"]
REGION, HOST = os.environ["CTYUN_REGION_ID"], os.environ["CTCBR_HOST_ID"]
BEIJING = datetime.timezone(datetime.timedelta(hours=8))


def digest(key, data):
    return hmac.new(key, data.encode(), hashlib.sha256).digest()


def headers_of(query, body, now):
    date = now.strftime("%Y%m%dT%H%M%SZ")
    request_id = str(uuid.uuid1())
    pairs = "&".join("%s=%s" % (key, query[key]) for key in sorted(query))
    text = "ctyun-eop-request-id:%s\neop-date:%s\n\n%s\n%s" % (
        request_id, date, pairs, hashlib.sha256(body.encode()).hexdigest())
    key = digest(digest(digest(SK.encode(), date), AK), date.split("T")[0])
    signature = base64.b64encode(digest(key, text)).decode()
    return {
        "Content-Type": "application/json",
        "User-Agent": "Mozilla/5.0 (a script)",
        "ctyun-eop-request-id": request_id,
        "Eop-date": date,
        "Eop-Authorization": "%s Headers=ctyun-eop-request-id;eop-date Signature=%s" % (AK, signature),
    }


def call(name, method, path, query=None, body=None, now=None, change=lambda body: body):
    query, body = query or {}, json.dumps(body or {})
    headers = headers_of(query, body, now or datetime.datetime.now(BEIJING))
    target = path + ("?" + urllib.parse.urlencode(query) if query else "")  # in the caller's order
    connection = http.client.HTTPConnection(ENDPOINT.hostname, ENDPOINT.port, timeout=30)
    connection.request(method, target, change(body), headers)
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    print(name, response.status, answer["statusCode"], answer.get("error") or "-", sep="|")


backup = "/v4/backup/"
unsorted = {"sourceType": "CT-ECS", "regionID": REGION, "pageNo": 1, "notOnlyInstalled": "true"}
now = datetime.datetime.now(BEIJING)
call("POST", "POST", backup + "open-service-backup", body={"regionID": REGION})
call("GET with a query and {}", "GET", backup + "info-client-backup", query=unsorted)
call("GET with {} alone", "GET", "/v4/region/list-regions")
call("GET with a body", "GET", backup + "client-by-instance-backup",
     body={"regionID": REGION, "backupSrcInstanceID": HOST})
call("order", "POST", backup + "create-storage-backup", body={
    "regionID": REGION, "clientToken": str(uuid.uuid4()), "backupStorageName": "sample",
    "backupStorageCapacity": 100, "cycleType": "month", "cycleCount": 1})
call("region that is unknown", "GET", backup + "query-storage-backup", query={"regionID": "elsewhere"})
call("parameter that is missing", "POST", backup + "install-client-backup", body={"regionID": REGION})
call("path that is unknown", "POST", backup + "nothing", body={"regionID": REGION})
call("byte changed", "POST", backup + "open-service-backup", body={"regionID": REGION},
     change=lambda body: body.replace("}", " }"))
call("date too old", "GET", "/v4/region/list-regions", now=now - datetime.timedelta(minutes=16))
call("date in UTC", "GET", "/v4/region/list-regions", now=datetime.datetime.now(datetime.timezone.utc))
