"""Answers that no remote should give, by name: each is written to the socket as it stands."""

import gzip
import zlib
from collections.abc import Iterator, Sequence
from functools import cache
from math import gcd
from typing import TypeVar

from tests.fuzz.front import BadAnswer, Pieces

T = TypeVar("T")
MB = 2**20
JSON = "content-type: application/json"
XML = "content-type: text/xml"
HTML = "content-type: text/html"


def head(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode("latin-1")


def whole(body: bytes, *lines: str, status: str = "200 OK") -> BadAnswer:
    """A well-formed answer with that body; ``{here}`` in a header is the bad remote's own address."""

    def pieces(here: str) -> Pieces:
        filled = [line.replace("{here}", here) for line in lines]
        yield head(f"content-length: {len(body)}", *filled, status=status)
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    return pieces


def as_json(body: bytes, *lines: str, status: str = "200 OK") -> BadAnswer:
    return whole(body, JSON, *lines, status=status)


def raw(*sent: bytes | float) -> BadAnswer:
    return lambda here: iter(sent)


def stream(start: bytes, chunk: bytes, times: int, pause: float = 0.0) -> BadAnswer:
    """``chunk`` over and over, made while it is sent."""

    def pieces(here: str) -> Pieces:
        yield start
        for _ in range(times):
            yield chunk
            if pause:
                yield pause

    return pieces


GZIP, ZLIB, RAW = 31, 15, -15
"""Forms of deflated data, as zlib numbers them."""


def bomb(form: int, encoding: str) -> BadAnswer:
    def pieces(here: str) -> Pieces:
        return as_json(_bomb_of(form), f"content-encoding: {encoding}")(here)

    return pieces


def make_bombs() -> None:
    """Before they are asked for: while they are made, which takes seconds, nobody would be answered."""
    for form in (GZIP, ZLIB, RAW):
        _bomb_of(form)


@cache
def _bomb_of(form: int) -> bytes:
    """400 MB of zeros."""
    made = zlib.compressobj(9, zlib.DEFLATED, form)
    zeros = bytes(MB)
    return b"".join([*(made.compress(zeros) for _ in range(400)), made.flush()])


def _nested(levels: int, opening: bytes, closing: bytes, core: bytes = b"1") -> bytes:
    return opening * levels + core + closing * levels


def rows(row: bytes) -> bytes:
    """The row below every name under which one of the remotes keeps its rows."""
    listed = b"[" + row + b"]"
    names = (b"data", b"orders", b"items", b"result", b"parcels", b"results", b"shipments", b"events")
    return b"{" + b",".join(b'"%b":%b' % (name, listed) for name in names) + b',"total_count":2}'


ID = b'{"id":%b,"entity_id":%b,"order_id":%b,"integration_id":%b}'
TIME = (
    b'{"id":1,"entity_id":1,"order_id":"1","status":"x","number":"1","reference":"A","integration_id":"1"'
    b',"created_at":"%b","updated_at":"%b","date_add":"%b","date_upd":"%b","arrived_at":"%b"'
    b',"date_created_gmt":"%b","date_modified_gmt":"%b","createdAt":"%b","updatedAt":"%b","time":"%b"}'
)


def with_id(value: bytes) -> BadAnswer:
    row = ID.replace(b"%b", value)
    return as_json(rows(row + b"," + row))


def with_time(value: bytes) -> BadAnswer:
    row = TIME.replace(b"%b", value)
    return as_json(
        rows(row + b"," + row.replace(b'"entity_id":1', b'"entity_id":2').replace(b'"id":1', b'"id":2'))
    )


def errors(count: int, error: bytes) -> BadAnswer:
    """A refusal of many reasons, in the form of each platform at once."""
    listed = b",".join([error] * count)
    return as_json(b'{"errors":[%b],"message":"x","success":false,"data":null}' % listed)


TRANSPORT: dict[str, BadAnswer] = {
    "closed at once": raw(),
    "no HTTP": raw(b"\x00\x01\x02\r\n\r\n"),
    "SSH": raw(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "status line without a number": raw(b"HTTP/1.1 OK fine\r\n\r\n"),
    "status line of letters": raw(b"HTTP/1.1 2OO OK\r\ncontent-length: 2\r\n\r\n{}"),
    "HTTP 9": raw(b"HTTP/9.9 200 OK\r\ncontent-length: 2\r\n\r\n{}"),
    "status of six digits": raw(b"HTTP/1.1 200200 OK\r\ncontent-length: 2\r\n\r\n{}"),
    "half a head": raw(b"HTTP/1.1 200 OK\r\ncontent-le"),
    "length too long": raw(head("content-length: 900", JSON) + b'{"data":[]}'),
    "length too short": raw(head("content-length: 3", JSON) + b'{"data":[]}'),
    "length negative": raw(head("content-length: -1", JSON) + b'{"data":[]}'),
    "length of a planet": raw(head("content-length: " + "9" * 400, JSON) + b'{"data":[]}'),
    "two lengths": raw(head("content-length: 2", "content-length: 5", JSON) + b"{}"),
    "length and chunks": raw(
        head("content-length: 2", "transfer-encoding: chunked", JSON) + b"5\r\n[1,2]\r\n0\r\n\r\n"
    ),
    "chunks cut": raw(head("transfer-encoding: chunked", JSON) + b'40\r\n{"data":['),
    "chunk of no size": raw(head("transfer-encoding: chunked", JSON) + b"ZZ\r\n[]\r\n0\r\n\r\n"),
    "chunk of endless size": raw(head("transfer-encoding: chunked", JSON) + b"F" * 200 + b"\r\n[]"),
    "unknown transfer encoding": raw(head("transfer-encoding: smoke", JSON) + b'{"data":[{'),
    "header without a name": raw(head(": x", "content-length: 7", JSON) + b"[[[[[[["),
    "huge header": raw(head("x-pad: " + "a" * MB, "content-length: 7", JSON) + b"[[[[[[["),
    "thousands of headers": raw(head(*(f"x-{n}: {n}" for n in range(20_000)), JSON) + b"[[[[[[["),
    "headers for ever": stream(b"HTTP/1.1 200 OK\r\n", b"x-pad: aaaaaaaaaaaaaaaaaa\r\n" * 2_000, 200),
    "interim answers for ever": stream(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100, 300),
    "switching protocols": raw(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: tea\r\n\r\n\x00\x01"),
}
SLOW: dict[str, BadAnswer] = {
    "silence": raw(30.0),
    "head, then silence": raw(head("content-length: 900", JSON), 30.0),
    "drip of the head": stream(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n", 600, 0.05),
    "drip of the body": stream(head("content-length: 900", JSON) + b'{"data":[', b" ", 600, 0.05),
    "drip of chunks": stream(head("transfer-encoding: chunked", JSON), b"1\r\n \r\n", 600, 0.05),
}
ENCODING: dict[str, BadAnswer] = {
    "gzip that is none": as_json(b'{"data":[{"id":1}]}', "content-encoding: gzip"),
    "gzip cut": as_json(gzip.compress(b'{"data":[{"id":1}]}' * 99)[:40], "content-encoding: gzip"),
    "gzip twice": as_json(gzip.compress(gzip.compress(b"[[[")), "content-encoding: gzip, gzip"),
    "brotli unasked": as_json(b"\x0b\x02\x80[]\x03", "content-encoding: br"),
    "zstd unasked": as_json(b"\x28\xb5\x2f\xfd\x04\x00", "content-encoding: zstd"),
    "wrong charset": whole(
        '[{"name":"é"}]'.encode("utf-16"), "content-type: application/json; charset=utf-8"
    ),
    "no such charset": whole(b"\xff\xfe{\x00", JSON + "; charset=klingon"),
    "not UTF-8": as_json(b'{"errors":"\xff\xfe","data":[{"id":"\xc3\x28"}]}'),
    "byte order marks": as_json(b"\xef\xbb\xbf\xef\xbb\xbf\xef\xbb\xbf{"),
    "NUL bytes": as_json(b'{"data":\x00[\x00]}'),
    "NUL in texts": as_json(rows(ID.replace(b"%b", b'"\\u0000"'))),
    "lone surrogates": as_json(rows(ID.replace(b"%b", b'"\\ud800"'))),
}
HEAVY: dict[str, BadAnswer] = {
    "100 MB": stream(head(f"content-length: {100 * MB}", JSON), b" " * 65_536, 1_600),
    "100 MB of unknown length": stream(head(JSON), b'{"data":[' + b"1," * 32_000, 1_600),
    "gzip bomb": bomb(GZIP, "gzip"),
    "deflate bomb": bomb(ZLIB, "deflate"),
    "raw deflate bomb": bomb(RAW, "deflate"),
    "10,000 deep lists": as_json(_nested(10_000, b"[", b"]")),
    "10,000 deep objects": as_json(_nested(10_000, b'{"data":', b"}")),
    "10,000 deep in a row": as_json(rows(_nested(10_000, b'{"id":', b"}"))),
    "a million deep, unclosed": as_json(b"[" * 1_000_000),
    "20,000 errors": errors(20_000, b'{"message":"no","extensions":{"code":"X"},"code":1}'),
    "20,000 errors of no form": errors(20_000, b"7"),
    "20,000 wrong rows": as_json(rows(b",".join([b'{"id":[]}'] * 20_000))),
    "20,000 names": as_json(b"{" + b",".join(b'"k%d":{}' % n for n in range(20_000)) + b"}"),
    "numbers of 100,000 digits": as_json(rows(ID.replace(b"%b", b"9" * 100_000))),
    "texts of 200 KB": as_json(rows(ID.replace(b"%b", b'"' + b"x" * 200_000 + b'"'))),
}
VALUES: dict[str, BadAnswer] = {
    "number": as_json(b"7"),
    "text": as_json(b'"orders"'),
    "null": as_json(b"null"),
    "true": as_json(b"true"),
    "nulls": as_json(b"[null,null]"),
    "nothing but NaN": as_json(b"NaN"),
    "NaN": as_json(b'{"data":[NaN],"items":[Infinity],"orders":[-Infinity],"result":[NaN]}'),
    "1e999": with_id(b"1e999"),
    "id of 6,000 digits": with_id(b"9" * 6_000),
    "id of 10,000 characters": with_id(b'"' + b"a" * 10_000 + b'"'),
    "negative id": with_id(b"-1"),
    "id zero": with_id(b"0"),
    "id that is a list": with_id(b"[1]"),
    "id that is a fraction": with_id(b"1.5"),
    "id that is true": with_id(b"true"),
    "id with a path": with_id(b'"../../admin?x=1#"'),
    "id with a line break": with_id(b'"1\\r\\nx: y"'),
    "duplicate keys": as_json(
        b'{"data":[],"data":7,"orders":[],"orders":7,"items":[],"items":7,"result":[],"result":7}'
    ),
    "half a document": as_json(b'{"data":[{"id":1,"sta'),
    "document and more": as_json(b'{"data":[]}{"data":[]}'),
    "single quotes": as_json(b"{'data':[]}"),
    "a comma too many": as_json(b'{"data":[1,],}'),
    "every type wrong": as_json(
        b'{"data":{"orders":"no","nodes":7,"shop":[]},"errors":7,"extensions":"x","items":{},"result":"x"'
        b',"success":"yes","parcels":4,"events":7,"catalogs":{},"orders":{"nodes":{}}}'
    ),
}
STRANGE_DATES: dict[str, BadAnswer] = {
    "year 0": with_time(b"0000-00-00T00:00:00Z"),
    "year 1": with_time(b"0001-01-01T00:00:00+05:00"),
    "year 9999": with_time(b"9999-12-31T23:59:59-05:00"),
    "year 300000": with_time(b"+300000-01-01T00:00:00Z"),
    "negative year": with_time(b"-0001-11-30T00:00:00"),
    "time of words": with_time(b"yesterday"),
    "time of 10,000 digits": with_time(b"1" * 10_000),
}
PAGES: dict[str, BadAnswer] = {
    "HTML": whole(b"<!DOCTYPE html><html><title>Welcome</title></html>", HTML),
    "HTML as JSON": as_json(b"<!DOCTYPE html><html><body>Log in</body></html>"),
    "parked domain": whole(b"<html><title>This domain is for sale</title>" + b"x" * 5_000, HTML),
    "PHP warning before nothing": as_json(b"<br />\n<b>Warning</b>: Undefined index in x.php<br />"),
    "empty": as_json(b""),
    "empty without a type": whole(b""),
    "204": raw(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "205": raw(b"HTTP/1.1 205 Reset Content\r\ncontent-length: 0\r\n\r\n"),
    "206": as_json(b'{"data":[{"id"', "content-range: bytes 0-13/900", status="206 Partial Content"),
    "304": raw(b"HTTP/1.1 304 Not Modified\r\n\r\n"),
    "418": whole(b"short and stout", status="418 I'm a teapot"),
    "799": as_json(b"{}", status="799 Whatever"),
    "401 of an object": as_json(b"{}", status="401 Unauthorized"),
    "403 of a list": as_json(b"[[]]", status="403 Forbidden"),
    "404 of null": as_json(b"null", status="404 Not Found"),
    "429 for a negative time": as_json(b"{}", "retry-after: -5", status="429 Too Many Requests"),
    "429 for ever": as_json(b"{}", "retry-after: " + "9" * 300, status="429 Too Many Requests"),
    "429 until a strange day": as_json(
        b"{}", "retry-after: Xxx, 99 Zzz 9999 99:99:99 GMT", "x-ratelimit-reset: NaN", status="429 Too Many"
    ),
    "500 of deep JSON": as_json(_nested(5_000, b"[", b"]"), status="500 Oops"),
    "503 for ever": whole(b"", "retry-after: 99999999999999999999", status="503 Unavailable"),
    "strange headers": as_json(
        b'{"data":[{"id":1}]}',
        *("date: yesterday", "link: <<<>; rel=next", "x-wp-total: 1e999", "x-shopify-api-version: \xb2"),
    ),
    "link to itself": as_json(
        b'{"data":[{"id":1}],"next":"/","links":{"next":"/"}}', 'link: <{here}/>; rel="next"'
    ),
}
REDIRECTS: dict[str, BadAnswer] = {
    "redirect to itself": whole(b"", "location: {here}/", status="302 Found"),
    "redirect without a place": whole(b"", status="302 Found"),
    "redirect to no address": whole(b"", "location: http://[", status="301 Moved"),
    "redirect to metadata": whole(b"", "location: http://169.254.169.254/latest/", status="302 Found"),
    "redirect to a private network": whole(b"", "location: http://10.0.0.1/", status="307 Temporary"),
    "redirect to IPv6 loopback": whole(b"", "location: http://[::1]:80/", status="302 Found"),
    "redirect to a file": whole(b"", "location: file:///etc/passwd", status="302 Found"),
    "redirect to nowhere": whole(b"", "location: http://nowhere.invalid/", status="308 Permanent"),
    "redirect with a password": whole(b"", "location: http://a:b@127.0.0.1/", status="302 Found"),
    "redirect to another shop": whole(b"", "location: /calm/wp-json/wc/v3/orders", status="302 Found"),
    "redirect of a megabyte": whole(b"", "location: /" + "a" * 60_000, status="302 Found"),
}
_ENTITIES = b"".join(b'<!ENTITY l%d "%b">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
MARKUP: dict[str, BadAnswer] = {
    "entity bomb": whole(
        b'<?xml version="1.0"?><!DOCTYPE p [<!ENTITY l0 "lol">' + _ENTITIES + b"]><p>&l9;</p>",
        XML,
    ),
    "external entity": whole(
        b'<?xml version="1.0"?><!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]><prestashop>&x;</prestashop>',
        XML,
    ),
    "external document type": whole(b'<!DOCTYPE p SYSTEM "http://169.254.169.254/x.dtd"><prestashop/>', XML),
    "10,000 deep XML": whole(_nested(10_000, b"<a>", b"</a>"), XML),
    "half an XML": whole(b"<?xml version='1.0'?><prestashop><orders><order", XML),
    "XML of no encoding": whole(b"<?xml version='1.0' encoding='klingon'?><prestashop/>", XML),
    "20,000 XML errors": whole(
        b"<prestashop><errors>" + b"<error><code>1</code></error>" * 20_000 + b"</errors></prestashop>",
        XML,
    ),
}
FAMILIES: dict[str, dict[str, BadAnswer]] = {
    "transport": TRANSPORT,
    "slow": SLOW,
    "encoding": ENCODING,
    "heavy": HEAVY,
    "values": VALUES,
    "dates": STRANGE_DATES,
    "pages": PAGES,
    "redirects": REDIRECTS,
    "markup": MARKUP,
}


def every() -> Iterator[tuple[str, BadAnswer]]:
    for family in FAMILIES.values():
        yield from family.items()


def spread(listed: Sequence[T], apart: int) -> list[T]:
    """The same in another order: what stood side by side stands far apart."""
    while gcd(apart, len(listed)) > 1:
        apart += 1
    return [listed[place * apart % len(listed)] for place in range(len(listed))]
