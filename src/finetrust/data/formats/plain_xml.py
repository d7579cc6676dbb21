"""XML without anything that expands or is fetched: a document type is refused.

`Lawrence, "XML denial of service attacks" <https://docs.python.org/3/library/xml.html>`_: entities
are declared in a document type, and annotations have none.
"""

from pathlib import Path
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat


def read_xml(path: Path) -> Element:
    """Return the outermost element of an XML file.

    Raises
    ------
    OSError
        If it cannot be read, is no XML, or declares a document type; the text says in which line.
    """
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(path.read_bytes(), True)
    except _DocumentTypeError as error:
        line = parser.CurrentLineNumber
        raise OSError(f"line {line}: it declares a document type, which is not read") from error
    except expat.ExpatError as error:
        raise OSError(f"line {error.lineno}: not XML ({expat.ErrorString(error.code)})") from error
    return builder.close()


class _DocumentTypeError(Exception):
    """Stops the parser."""


def _refuse(*declared: object) -> NoReturn:
    raise _DocumentTypeError
