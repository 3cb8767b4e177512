"""An XML document written otherwise, so that it says the same: prefixes, white space, comments, CDATA, references, quotes."""

from itertools import pairwise

from lxml import etree

BOM = "http://cyclonedx.org/schema/bom/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
REMARKS = ["<!-- a - remark -->", "<!---->", "<?a-tool has its say?>", "<!-- <name>no element</name> ]]> -->"]
SPACES = ["", "\n", "\n    ", "\t", " \r\n "]


class Rewriter:
    """Writes a document anew. `choose`: takes a list and gives one of it. `prefix`: of CycloneDX's name space, "" for none."""

    def __init__(self, choose, prefix):
        self.choose = choose
        self.prefix = prefix

    def document(self, data):
        """The bytes of the document of `data`."""
        root = etree.fromstring(data, etree.XMLParser(remove_comments=True, remove_pis=True))
        namespace = etree.QName(root).namespace
        declared = f' xmlns{":" if self.prefix else ""}{self.prefix}="{namespace}" xmlns:xsi="{XSI}"'
        declared += f' xsi:schemaLocation="{namespace} https://cyclonedx.org/schema/bom-x.xsd"'
        start = self.choose(["", '<?xml version="1.0"?>\n', "<?xml version='1.0' encoding='utf-8' standalone='yes'?>"])
        return (start + self.remark() + self.element(root, declared) + self.remark()).encode()

    def remark(self):
        return self.choose(["", "", "", *REMARKS])

    def element(self, one, declared=""):
        name = etree.QName(one)
        if not name.namespace.startswith(BOM):
            return etree.tostring(one, with_tail=False).decode()
        tag = f"{self.prefix}:{name.localname}" if self.prefix else name.localname
        rows = self.choose([list, reversed])(list(one.attrib.items()))
        said = "".join(self.choose([" ", "\n  "]) + self.attribute(key, value) for key, value in rows)
        inner = self.between(one) if len(one) else self.text(one.text or "") if one.text else self.choose(["", self.remark()])
        if not inner and self.choose([True, False]):
            return f"<{tag}{declared}{said}{self.choose(['', ' '])}/>"
        return f"<{tag}{declared}{said}>{inner}</{tag}{self.choose(['', chr(10)])}>"

    def between(self, one):
        """Elements with white space and remarks between them."""
        rows = [self.choose(SPACES) + self.remark() + self.choose(SPACES) + self.element(inner) for inner in one]
        return "".join(rows) + self.choose(SPACES)

    def attribute(self, key, value):
        quote = self.choose(["'", '"'])
        for char in ("&", "<", "\n", "\t", "\r", quote):
            value = value.replace(char, f"&#{ord(char)};")
        name = etree.QName(key)
        if name.namespace is None:
            return f"{key}={quote}{value}{quote}"
        return f'xmlns:a-{name.localname}="{name.namespace}" a-{name.localname}:{name.localname}={quote}{value}{quote}'

    def text(self, text):
        """A text in one to three pieces, each written in a way of its own."""
        cuts = sorted({0, len(text), *(self.choose([0, len(text) // 2, len(text) // 3]) for _ in range(2))})
        pieces = [self.piece(text[start:end]) for start, end in pairwise(cuts)]
        return self.remark().join(pieces)

    def piece(self, text):
        way = self.choose(["plain", "plain", "cdata", "references"])
        if way == "cdata" and "]]>" not in text and "\r" not in text:
            return f"<![CDATA[{text}]]>"
        if way == "references":
            return "".join(f"&#{ord(char)};" if self.choose([True, False]) or char in "<&>\r" else char for char in text)
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
