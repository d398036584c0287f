"""What a report says beside its verdict and its matrix: short labelled lines, for every way of writing."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from statistics import median

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.access.examine import is_refused
from integrations.access.records import (
    Cell,
    CertificateFacts,
    Confidence,
    Diagnosis,
    Examination,
    NameFacts,
    Question,
)
from integrations.access.report.records import Finding, Report

Line = tuple[str, str]
"""Label and value. Values are one line each."""

LONGEST_QUOTE = 160
MOST_NAMES = 4
_TELLING = ("server", "cf-ray", "allow")
"""Headers that are shown beside an answer."""


def headline(report: Report) -> str:
    """The verdict in one line: who refuses what, and how sure that is. Of several things, the root cause."""
    if report.suffering:
        return told(report.suffering[0])
    agents = report.examination.agents
    values = {"hub": report.guest.name, "n": len(agents)}
    if any(is_refused(cell) for cell in report.examination.answers(Question.MATRIX) if cell.agent in agents):
        return _("Nothing stands in %(hub)s's way.") % values
    sentence = ngettext(
        "Nothing stands in %(hub)s's way: its User-Agent passes with every method.",
        "Nothing stands in %(hub)s's way: its %(n)d User-Agents pass with every method.",
        len(agents),
    )
    return sentence % values


def told(found: Finding) -> str:
    """The headline of a finding, and how sure it is."""
    sentence = found.explanation.headline.rstrip(".")
    return f"{sentence} ({confidence(found.diagnosis)})."


def confidence(diagnosis: Diagnosis) -> str:
    """In a word, and whether it was seen or concluded from the hub's log."""
    word = {
        Confidence.CERTAIN: _("certain"),
        Confidence.LIKELY: _("probable"),
        Confidence.POSSIBLE: _("possible"),
    }[diagnosis.confidence]
    return _("%(word)s, inferred") % {"word": word} if diagnosis.is_inferred else word


def title(found: Finding, report: Report) -> str:
    """What stands above a finding; a verdict that is the only one has told it already."""
    if report.suffering == (found,):
        return _("Why")
    if found not in report.suffering:
        return _("Worth knowing: %(sentence)s") % {"sentence": told(found)}
    return told(found)


def about_the_shop(report: Report) -> Iterator[Line]:
    shop, examination = report.shop, report.examination
    software = "" if shop.assumed else " ".join(filter(None, (shop.label, shop.version)))
    yield _("Shop"), ", ".join(filter(None, (shop.url, shop.title, software)))
    if shop.moved_from:
        sentence = _("%(address)s leads there. If %(hub)s has it written like that, correct it at the hub.")
        yield _("Typed"), sentence % {"address": shop.moved_from, "hub": report.guest.name}
    if shop.told_by:
        yield _("Recognised"), " ".join(shop.told_by)
    if shop.assumed and report.was_answered:
        yield _("Assumed"), shop.assumed
    if shop.answers_at:
        sentence = _(
            "The interface answers at /%(found)s; it was asked at /%(asked)s, where hubs look for it. "
            "Name another path with --api-root."
        )
        yield _("Note"), sentence % {"found": shop.answers_at, "asked": shop.api_root}
    if report.log_is_silent:
        yield _("Note"), _("The server's log that was given tells of no refusal.")
    yield _("Hub"), report.guest.name
    yield _("Asked at"), moment(examination.at)


def above_the_matrix(report: Report) -> str:
    address = f"{report.examination.url}{report.examination.path}"
    return _("What became of each request to %(address)s:") % {"address": address}


def surroundings(report: Report) -> Iterator[Line]:
    around = report.examination.surroundings
    if around.name is not None:
        yield _("Addresses"), _name(around.name)
    if around.certificate is not None:
        yield _("Certificate"), _certificate(around.certificate, report.examination.at)
    for redirect in around.redirects:
        leads = _("%(asked)s leads to %(target)s (%(status)s)")
        yield (
            _("Redirect"),
            leads % {"asked": redirect.asked, "target": redirect.leads_to, "status": redirect.status},
        )
    if around.own_network_works is False:
        yield _("Own network"), _("Nobody else on the internet answers this machine either.")


def _name(name: NameFacts) -> str:
    if name.error:
        return {
            "no_such_name": _("There is no such name: %(host)s"),
            "no_address": _("The name %(host)s exists and has no address"),
            "no_answer": _("The name %(host)s could not be looked up"),
        }.get(name.error, "%(host)s") % {"host": name.host}
    found = ", ".join((*name.ipv4, *name.ipv6))
    via = _(" by way of %(aliases)s") % {"aliases": ", ".join(name.aliases)} if name.aliases else ""
    silent = _("; no connection: %(addresses)s") % {"addresses": ", ".join(name.unreachable)}
    return f"{found}{via}{silent if name.unreachable else ''}"


def _certificate(certificate: CertificateFacts, now: datetime) -> str:
    parts = [certificate.detail or _("not valid")] if certificate.problem else []
    if certificate.expires_at is not None:
        days = (certificate.expires_at - now).days
        if days < 0:
            sentence = ngettext("ended %(n)d day ago", "ended %(n)d days ago", -days)
        else:
            sentence = ngettext("%(n)d day left", "%(n)d days left", days)
        parts.append(f"{sentence % {'n': abs(days)}} ({_day(certificate.expires_at)})")
    if certificate.names:
        more = "" if len(certificate.names) <= MOST_NAMES else ", …"
        parts.append(_("for %(names)s") % {"names": ", ".join(certificate.names[:MOST_NAMES]) + more})
    if certificate.issuer:
        parts.append(_("by %(issuer)s") % {"issuer": certificate.issuer})
    return ", ".join([*parts, *filter(None, [certificate.protocol])])


def timings(report: Report) -> Iterator[Line]:
    """Medians of the phases in which something happened; connections are kept, so most requests make none."""
    answered = [cell.call.timings for cell in report.examination.cells if cell.call.status is not None]
    phases = {
        _("name"): [timing.resolve for timing in answered if timing.connect],
        _("connection"): [timing.connect for timing in answered if timing.connect],
        _("TLS"): [timing.tls for timing in answered if timing.tls],
        _("answer"): [timing.wait for timing in answered],
        _("transfer"): [timing.transfer for timing in answered],
    }
    parts = [f"{label} {milliseconds(median(values))}" for label, values in phases.items() if values]
    if answered:
        slowest = _("slowest answer %(ms)s") % {"ms": milliseconds(max(timing.wait for timing in answered))}
        yield (
            _("Speed"),
            _("%(phases)s (medians); %(slowest)s")
            % {
                "phases": ", ".join(parts),
                "slowest": slowest,
            },
        )


def asked(report: Report) -> str:
    """How much was asked, and that it did nothing."""
    count = len(report.examination.cells)
    sentence = ngettext(
        "%(n)d request to its interface in %(seconds)s s, without a valid key; nothing was changed.",
        "%(n)d requests to its interface in %(seconds)s s, none with a valid key; nothing was changed.",
        count,
    )
    text = sentence % {"n": count, "seconds": number_format(report.took_s, 1)}
    return " ".join(filter(None, (text, report.examination.stopped_because)))


def shown_answers(found: Finding, examination: Examination) -> Iterator[str]:
    """The answer that a finding stands on, as it came: for people who want to see it."""
    cell = deciding(found.diagnosis, examination)
    if cell is None or cell.call.status is None:
        return
    heading = _("%(method)s as %(agent)s") % {"method": cell.method, "agent": cell.agent}
    said = [str(cell.call.status)]
    said += [f"{name}: {cell.headers[name]}" for name in _TELLING if name in cell.headers]
    if cell.location:
        said.append(f"location: {cell.location}")
    quote = cell.call.excerpt[:LONGEST_QUOTE] or cell.title
    if quote:
        said.append(f"“{quote}”")
    yield f"{heading}: {', '.join(said)}"


def deciding(diagnosis: Diagnosis, examination: Examination) -> Cell | None:
    """A cell of the matrix that shows what was diagnosed, best with the very sign; ``None``: none does."""
    fitting = [
        cell
        for cell in examination.answers(Question.MATRIX)
        if is_refused(cell)
        and (not diagnosis.methods or cell.method in diagnosis.methods)
        and (not diagnosis.agents or cell.agent in diagnosis.agents)
        and (diagnosis.status is None or cell.call.status == diagnosis.status)
    ]
    hubs = [cell for cell in fitting if cell.agent in examination.agents] or fitting
    return next((cell for cell in hubs if cell.sign == diagnosis.sign), hubs[0] if hubs else None)


def milliseconds(value: float) -> str:
    return _("%(ms)s ms") % {"ms": number_format(value, 0 if value >= 10 else 1)}


def moment(at: datetime) -> str:
    """The same in every language, as tickets and logs have it."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _day(at: datetime) -> str:
    return date_format(at, "DATE_FORMAT")


def sentences(text: str | Sequence[str]) -> list[str]:
    """Sentences one by one, however they were given."""
    return [text] if isinstance(text, str) and text else list(text)
