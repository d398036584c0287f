"""What an examination of a store's access gathers and concludes. Plain values: no Django, no I/O.

An *examination* asks a store as a hub would (the *cells* of the probe matrix), asks a few further
questions where something was refused, and looks at name, certificate and redirects. From it follow
*diagnoses*: who refuses what, going by what. From a diagnosis follow *fixes*.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from integrations.contracts import CallRecord, Outcome


class Layer(StrEnum):
    """Where, on the way from a hub to the shop's data, something answered."""

    NETWORK = "network"
    """Name, connection, certificate: nobody answered in HTTP."""
    EDGE = "edge"
    """A service in front of the server: Cloudflare, Sucuri, AWS WAF, Akamai."""
    FIREWALL = "firewall"
    """A firewall on the server: ModSecurity, NAXSI, Imunify360, BitNinja."""
    SERVER = "server"
    """The web server: nginx, Apache, LiteSpeed. Or a firewall that hides behind its error page."""
    PLUGIN = "plugin"
    """A security plug-in inside the shop software."""
    APPLICATION = "application"
    """The shop software itself."""
    OURSELVES = "ourselves"
    """Our own network."""
    UNKNOWN = "unknown"


class Subject(StrEnum):
    """What a refusal goes by."""

    USER_AGENT = "user_agent"
    METHOD = "method"
    PATH = "path"
    ADDRESS = "address"
    CREDENTIALS = "credentials"
    """The header that carries them does not arrive."""
    CONTENT = "content"
    """The type or the text of the request's body."""
    RATE = "rate"
    EVERYTHING = "everything"
    """Nothing in particular: whoever asks is refused."""
    NAME = "name"
    CERTIFICATE = "certificate"
    ADDRESS_WRITTEN = "address_written"
    """The web address as it was entered: it leads elsewhere."""
    NOTHING = "nothing"
    """Nobody refuses: maintenance, a broken application, slowness."""


class Cause(StrEnum):
    """What is wrong, in one word each; the finest distinction that a diagnosis makes."""

    USER_AGENT_RULE = "user_agent_rule"
    METHOD_RULE = "method_rule"
    PATH_RULE = "path_rule"
    ADDRESS_RULE = "address_rule"
    EVERYBODY_REFUSED = "everybody_refused"
    """From here everything is refused: by address, country, or for all. Only the hub's log can tell."""
    SIGN_IN = "sign_in"
    """A password stands in front of the shop (staging protection)."""
    CHALLENGE = "challenge"
    RATE_LIMIT = "rate_limit"
    CONTENT_RULE = "content_rule"
    POLITE_BLOCK = "polite_block"
    """200 or 202 and a page where data was due."""
    DROPPED = "dropped"
    """Some requests are hung up on without a word while others are answered."""
    HEADER_LOST = "header_lost"
    REDIRECT = "redirect"
    API_OFF = "api_off"
    """The shop's interface is switched off or closed by a plug-in."""
    API_NOT_FOUND = "api_not_found"
    """Rewrite rules are missing, permalinks are plain, or the path is wrong."""
    MAINTENANCE = "maintenance"
    APPLICATION_FAULT = "application_fault"
    ORIGIN_FAULT = "origin_fault"
    """The service in front cannot reach or trust the shop's server (52x)."""
    SERVER_FAULT = "server_fault"
    """The web server itself fails (500, 502, 503, 504 with its own page)."""
    NAME_NOT_FOUND = "name_not_found"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_NOT_YET = "certificate_not_yet"
    CERTIFICATE_EXPIRES = "certificate_expires"
    """Valid still, and soon not."""
    CERTIFICATE_NAME = "certificate_name"
    CERTIFICATE_CHAIN = "certificate_chain"
    """An intermediate certificate is not sent: browsers mend that, programs do not."""
    CERTIFICATE_UNTRUSTED = "certificate_untrusted"
    TLS_PROTOCOL = "tls_protocol"
    CONNECTION_REFUSED = "connection_refused"
    TIMED_OUT = "timed_out"
    CLOSED_EARLY = "closed_early"
    """Connections end without an answer, for everybody."""
    SLOW = "slow"
    UNSTEADY = "unsteady"
    """The same question is answered now so, now otherwise: nothing is concluded."""
    NOT_UNDERSTOOD = "not_understood"
    """Answers of no known shape."""
    OWN_NETWORK = "own_network"


class Confidence(StrEnum):
    CERTAIN = "certain"
    """It says so itself, or nothing else explains the answers."""
    LIKELY = "likely"
    POSSIBLE = "possible"


class Severity(StrEnum):
    FAIL = "fail"
    """The hub cannot do its work."""
    WARN = "warn"
    """The hub gets its orders, and something else suffers or soon will."""
    INFO = "info"
    """Worth knowing; nobody suffers."""


class Question(StrEnum):
    """Why a request was made."""

    MATRIX = "matrix"
    CONTROL = "control"
    """GET with our own User-Agent once more, after the others."""
    AGAIN = "again"
    """A refused cell once more: is it steady?"""
    ELSEWHERE = "elsewhere"
    """The same below the interface, at a route that exists nowhere: is it the path?"""
    FRONT = "front"
    """The front page: is it the whole shop?"""
    CONTENT_TYPE = "content_type"
    """POST with a content type nobody uses: rule sets refuse it, web servers do not."""
    BARE = "bare"
    """A refused POST, PUT or PATCH once more without a body: is it what was sent?"""
    WRONG_KEY = "wrong_key"
    """With a key that does not exist: does the header arrive?"""


@dataclass(frozen=True, slots=True)
class Cell:
    """One request of an examination, and what became of it."""

    question: Question
    call: CallRecord
    """When, what, as whom; status, outcome, who answered, a redacted excerpt, timings."""
    layer: Layer = Layer.UNKNOWN
    """Who answered, as far as the answer shows."""
    sign: str = ""
    """The sign it was told by (see :mod:`integrations.access.signatures`); empty: none."""
    is_strong: bool = False
    """The product names itself."""
    rule_id: str = ""
    """The refusing rule's own number, where the answer shows it (ModSecurity, Cloudflare)."""
    error: str = ""
    """Class name of the error when nothing usable came (:mod:`integrations.errors`)."""
    broke_off: bool = False
    """With a ConnectionFailed: the connection had been made, and ended before an answer did."""
    location: str = ""
    """Where a redirect leads, without query."""
    title: str = ""
    """Title of the page that came, redacted, at most 80 characters."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Of the answer: server, via, allow, content-type, retry-after, cf-ray, x-cache; what there was."""
    credentials_arrived: bool | None = None
    """For :attr:`Question.WRONG_KEY`: whether the application saw the header. None: it cannot be told."""

    @property
    def method(self) -> str:
        return self.call.method

    @property
    def agent(self) -> str:
        return self.call.user_agent

    @property
    def outcome(self) -> Outcome:
        return self.call.outcome

    @property
    def passed(self) -> bool:
        """The application itself answered."""
        return self.call.outcome in (Outcome.PASSED, Outcome.REFUSED)


@dataclass(frozen=True, slots=True)
class NameFacts:
    """What DNS says of the host."""

    host: str
    ipv4: tuple[str, ...] = ()
    ipv6: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    """The chain of CNAMEs, first to last."""
    error: str = ""
    """``no_such_name``, ``no_address``, ``no_answer``; empty: it resolves."""
    took_ms: float = 0.0
    unreachable: tuple[str, ...] = ()
    """Those addresses that accept no connection while another one does; programs that try them first
    wait, or fail."""


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What the server shows of itself in TLS, valid or not."""

    problem: Cause | None = None
    """The first of: not yet, expired, name, chain, untrusted, protocol. None: a client accepts it."""
    detail: str = ""
    """What the TLS library said, as it said it."""
    protocol: str = ""
    """``TLSv1.3``"""
    names: tuple[str, ...] = ()
    """The host names it is for."""
    issuer: str = ""
    starts_at: datetime | None = None
    expires_at: datetime | None = None
    issuer_url: str = ""
    """Where the certificate itself says that its issuer's can be had."""


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where one way of writing the address leads."""

    asked: str
    status: int | None
    leads_to: str = ""
    """Without query; empty: it does not redirect."""
    reason: str = ""
    """``https``, ``http``, ``www``, ``slash``, ``host``, ``path``, ``loop``: what differs."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What lies around the shop's interface."""

    name: NameFacts | None = None
    certificate: CertificateFacts | None = None
    """None: the address is plain http, or nothing accepts a connection."""
    redirects: tuple[Redirect, ...] = ()
    """Other spellings that redirect (plain http, with or without www): only worth knowing."""
    own_network_works: bool | None = None
    """Whether an unrelated host answers. None: it was not asked, for something answered here."""


@dataclass(frozen=True, slots=True)
class Examination:
    """Everything that was asked of one store at one time."""

    platform: str
    url: str
    """The store's address."""
    path: str
    """Of the interface, below it: ``/wp-json/wc/v3/orders/0``."""
    at: datetime
    agents: tuple[str, ...]
    """The hub's User-Agents, letter by letter."""
    neutral: str
    """Our own."""
    methods: tuple[str, ...]
    write_methods: tuple[str, ...]
    """Those of them that the hub needs to write tracking numbers on this platform."""
    cells: tuple[Cell, ...]
    surroundings: Surroundings = Surroundings()
    stopped_because: str = ""
    """A sentence: why not everything was asked; empty: it was."""

    def cell(self, method: str, agent: str) -> Cell | None:
        """That cell of the matrix; ``None``: it was not asked."""
        for cell in self.cells:
            if cell.question is Question.MATRIX and cell.method == method and cell.agent == agent:
                return cell
        return None

    def answers(self, question: Question) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.cells if cell.question is question)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that is wrong: who refuses, what, going by what, and how sure that is."""

    cause: Cause
    layer: Layer
    subject: Subject
    confidence: Confidence
    severity: Severity
    product: str = ""
    """``nginx``, ``Apache``, ``ModSecurity``, ``Cloudflare``, a plug-in's name; empty: not known."""
    agents: tuple[str, ...] = ()
    """User-Agents of the hub that are refused; empty: whichever."""
    methods: tuple[str, ...] = ()
    """Methods that are refused."""
    path: str = ""
    """Path that is refused, as far as it goes by the path, else the interface's."""
    status: int | None = None
    rule_id: str = ""
    sign: str = ""
    """The sign of the deciding cell."""
    is_inferred: bool = False
    """Not seen by us, but concluded from the hub's own log."""
    values: Mapping[str, str | int | float | None] = field(default_factory=dict)
    """Further figures, JSON-able, each only where it is known.

    Of answers: ``detail`` (what was said of it), ``title``, ``location`` and ``reason`` (what a redirect
    changes), ``realm``, ``wait_s``, ``behind`` (a service that passed the answer on), ``front`` (``passed``
    or ``refused``: the front page). What speaks for a product: ``odd_type`` (``passed`` or ``refused``),
    ``pattern`` (``rule_set_methods``, ``status_406``), ``log`` and its fellows of the server's log. Of time:
    ``passed_first`` (requests before the first refusal). Of the network: ``host``, ``addresses``, ``error``,
    ``aliases``, ``names``, ``issuer``, ``issuer_url``, ``protocol``, ``starts_at`` and ``expires_at`` (ISO),
    ``days`` (until the end, towards zero). Of the hub's log: ``seen_by_hub`` (rows), ``hub`` (``works``),
    ``imitation`` (``likely``, ``possible``); of what is inferred from it ``failures`` (rows), ``last_at``
    (ISO), ``exception``, ``only_writes`` (0 or 1)."""

    @property
    def fingerprint(self) -> str:
        """The same for stores that suffer from the same thing."""
        return "|".join((self.product or self.layer, self.cause, self.subject, " ".join(self.methods)))
