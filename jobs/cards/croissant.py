"""A description of a data set in Croissant 1.1 (mlcommons.org/croissant/1.1): JSON-LD with its RAI terms."""

from __future__ import annotations

import json
from typing import Any

from jobs.cards.facts import CardFacts

CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "prov": "http://www.w3.org/ns/prov#",
    "dct": "http://purl.org/dc/terms/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "key": "cr:key",
    "md5": "cr:md5",
    "recordSet": "cr:recordSet",
    "source": "cr:source",
}
TYPES = {"string": "sc:Text", "int64": "cr:Int64", "float64": "cr:Float64", "bool": "sc:Boolean"}


def croissant(facts: CardFacts) -> str:
    """The description as JSON-LD."""
    tools = [
        f"{role}: {card.get('name')} {card.get('version')}, {card.get('licence')}"
        for role, card in facts.estimators.items()
    ]
    document = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": facts.name,
        "conformsTo": ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"],
        "description": f"{facts.samples} clips of one person each, with skeletons, spheres, face crops.",
        "license": list(facts.licences),
        "version": f"0.0.0+{facts.digest[:12]}",
        "isLiveDataset": False,
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": "index",
                "name": "index.parquet",
                "contentUrl": "index.parquet",
                "encodingFormat": "application/x-parquet",
                "sha256": facts.digest,
            },
            {
                "@type": "cr:FileSet",
                "@id": "shards",
                "name": "shards",
                "encodingFormat": "application/x-tar",
                "includes": "shards/*/*.tar",
            },
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "clips",
                "name": "clips",
                "key": {"@id": "clips/key"},
                "field": [field(name, kind) for name, kind in facts.columns.items()],
            }
        ],
        "rai:dataCollection": f"{facts.sources} films; hours by domain: {json.dumps(facts.domains)}",
        "rai:personalSensitiveInformation": ["faces, bodies and voices of people"],
        "rai:machineAnnotationTools": tools,
        "prov:wasGeneratedBy": {"@type": "prov:Activity", "prov:used": tools},
    }
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def field(name: str, kind: str) -> dict[str, Any]:
    """A column of the index."""
    return {
        "@type": "cr:Field",
        "@id": f"clips/{name}",
        "name": name,
        "dataType": TYPES[kind],
        "source": {"fileObject": {"@id": "index"}, "extract": {"column": name}},
    }
