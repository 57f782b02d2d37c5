"""How logs write a time: some twenty forms, and what may follow one, a fraction, an offset or the name of a zone."""

from sre_anomaly.clock import OFFSETS

FORMATS = {
    r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d": "%Y-%m-%d %H:%M:%S",
    r"\d{4}/\d\d/\d\d[ T]\d\d:\d\d:\d\d": "%Y/%m/%d %H:%M:%S",
    r"\d{4}-\d\d-\d\d-\d\d\.\d\d\.\d\d": "%Y-%m-%d-%H.%M.%S",
    r"\d\d/\d\d/\d\d \d\d:\d\d:\d\d": "%y/%m/%d %H:%M:%S",
    r"\d{6} \d{4}\d\d": "%y%m%d %H%M%S",
    r"\d{8}[- ]\d\d?:\d\d?:\d\d?": "%Y%m%d-%H:%M:%S",
    r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d": "%d/%b/%Y:%H:%M:%S",
    r"\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d": "%d-%b-%Y %H:%M:%S",
    r"\d\d? [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d": "%d %b %Y %H:%M:%S",
    r"\d\d?\.\d\d?\.\d{4} \d\d:\d\d:\d\d": "%d.%m.%Y %H:%M:%S",
    r"[A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d \d{4}": "%a %b %d %H:%M:%S %Y",
    r"[A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d": "%b %d %H:%M:%S",
    r"\d\d-\d\d \d\d:\d\d:\d\d": "%m-%d %H:%M:%S",
    r"\d\d\.\d\d \d\d:\d\d:\d\d": "%m.%d %H:%M:%S",
    r"\d{4} \d\d:\d\d:\d\d": "%m%d %H:%M:%S",
}
"""How a time up to its second is recognised, and how it is read. One with slashes and the year behind, such as
03/04/2024, is not among them: it is a day of March or of April."""
SEVERAL = ("CST", "IST", "BST", "AST", "SST", "ADT", "PKT", "HKT", "SGT", "BRT", "ART", "SAST", "WIB", "TRT")
"""Names of zones with several meanings, or little known: who writes one is asked."""
ZONES = "|".join((*OFFSETS, *SEVERAL))
FRACTION = r"(?:[.,:]\d+)?"
OFFSET = rf"(?:Z|[+-]\d\d(?::?\d\d)?|{ZONES})"
