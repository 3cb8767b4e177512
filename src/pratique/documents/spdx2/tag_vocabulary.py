"""The tags of SPDX tag-value text beside the members of SPDX JSON (SPDX 2.3, clauses 6 to 13). Pure tables."""

from collections.abc import Mapping

DOCUMENT = {
    "SPDXVersion": "spdxVersion",
    "DataLicense": "dataLicense",
    "DocumentName": "name",
    "DocumentNamespace": "documentNamespace",
    "DocumentComment": "comment",
}
CREATION = {"Created": "created", "CreatorComment": "comment", "LicenseListVersion": "licenseListVersion"}
PACKAGE = {
    "PackageName": "name",
    "PackageVersion": "versionInfo",
    "PackageFileName": "packageFileName",
    "PackageSupplier": "supplier",
    "PackageOriginator": "originator",
    "PackageDownloadLocation": "downloadLocation",
    "PackageHomePage": "homepage",
    "PackageSourceInfo": "sourceInfo",
    "PackageLicenseConcluded": "licenseConcluded",
    "PackageLicenseDeclared": "licenseDeclared",
    "PackageLicenseComments": "licenseComments",
    "PackageCopyrightText": "copyrightText",
    "PackageSummary": "summary",
    "PackageDescription": "description",
    "PackageComment": "comment",
    "PrimaryPackagePurpose": "primaryPackagePurpose",
    "ReleaseDate": "releaseDate",
    "BuiltDate": "builtDate",
    "ValidUntilDate": "validUntilDate",
}
PACKAGE_LISTS = {"PackageLicenseInfoFromFiles": "licenseInfoFromFiles", "PackageAttributionText": "attributionTexts"}
FILE = {
    "FileName": "fileName",
    "LicenseConcluded": "licenseConcluded",
    "LicenseComments": "licenseComments",
    "FileCopyrightText": "copyrightText",
    "FileComment": "comment",
    "FileNotice": "noticeText",
}
FILE_LISTS = {
    "FileType": "fileTypes",
    "LicenseInfoInFile": "licenseInfoInFiles",
    "FileContributor": "fileContributors",
    "FileAttributionText": "attributionTexts",
    "FileDependency": "fileDependencies",
}
SNIPPET = {
    "SnippetFromFileSPDXID": "snippetFromFile",
    "SnippetLicenseConcluded": "licenseConcluded",
    "SnippetLicenseComments": "licenseComments",
    "SnippetCopyrightText": "copyrightText",
    "SnippetComment": "comment",
    "SnippetName": "name",
}
SNIPPET_LISTS = {"LicenseInfoInSnippet": "licenseInfoInSnippets", "SnippetAttributionText": "attributionTexts"}
LICENCE = {"LicenseID": "licenseId", "ExtractedText": "extractedText", "LicenseName": "name", "LicenseComment": "comment"}
LICENCE_LISTS = {"LicenseCrossReference": "seeAlsos"}
TABLES: dict[str, tuple[Mapping[str, str], Mapping[str, str]]] = {
    "packages": (PACKAGE, PACKAGE_LISTS),
    "files": (FILE, FILE_LISTS),
    "snippets": (SNIPPET, SNIPPET_LISTS),
    "hasExtractedLicensingInfos": (LICENCE, LICENCE_LISTS),
}
BEGIN = {"PackageName": "packages", "FileName": "files", "SnippetSPDXID": "snippets", "LicenseID": "hasExtractedLicensingInfos"}
ANNOTATION = {
    "Annotator": "annotator",
    "AnnotationDate": "annotationDate",
    "AnnotationType": "annotationType",
    "AnnotationComment": "comment",
}
REVIEW = {"Reviewer": "reviewer", "ReviewDate": "reviewDate", "ReviewComment": "comment"}
ARTIFACT = {"ArtifactOfProjectName": "name", "ArtifactOfProjectHomePage": "homePage", "ArtifactOfProjectURI": "projectUri"}
