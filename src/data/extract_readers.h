// SPDX-License-Identifier: Apache-2.0
//
// The readers, one per family of formats, each in the file extract_<family>.cc. extract_formats.cc has the table of what
// goes to which.
#pragma once

#include "base/status.h"
#include "data/extraction.h"

namespace walchen::data {

// extract_text.cc
Result<void> ReadPlainText(const Source& source, Extraction& extraction);
Result<void> ReadMarkdown(const Source& source, Extraction& extraction);

Result<void> ReadPackageMetadata(const Source& source, Extraction& extraction);  // extract_package.cc
Result<void> ReadPackageJson(const Source& source, Extraction& extraction);
Result<void> ReadDebianCopyright(const Source& source, Extraction& extraction);

// A picture's marks and licence (XMP); its pixels are not looked at.
Result<void> ReadPictureMarks(const Source& source, Extraction& extraction);  // extract_svg.cc

Result<void> ReadHtml(const Source& source, Extraction& extraction);       // extract_html.cc
Result<void> ReadXmlText(const Source& source, Extraction& extraction);    // extract_svg.cc
Result<void> ReadSvg(const Source& source, Extraction& extraction);
Result<void> ReadJson(const Source& source, Extraction& extraction);       // extract_json.cc
Result<void> ReadJsonLines(const Source& source, Extraction& extraction);
Result<void> ReadCatalogue(const Source& source, Extraction& extraction);  // extract_gettext.cc
Result<void> ReadCompiledCatalogue(const Source& source, Extraction& extraction);
Result<void> ReadManPage(const Source& source, Extraction& extraction);    // extract_man.cc
Result<void> ReadRtf(const Source& source, Extraction& extraction);        // extract_rtf.cc
Result<void> ReadPdf(const Source& source, Extraction& extraction);        // extract_pdf.cc
Result<void> ReadDocx(const Source& source, Extraction& extraction);       // extract_docx.cc
Result<void> ReadPptx(const Source& source, Extraction& extraction);       // extract_pptx.cc
Result<void> ReadXlsx(const Source& source, Extraction& extraction);       // extract_xlsx.cc
Result<void> ReadOpenDocument(const Source& source, Extraction& extraction);  // extract_odf.cc
Result<void> ReadEpub(const Source& source, Extraction& extraction);       // extract_epub.cc
Result<void> ReadMessage(const Source& source, Extraction& extraction);    // extract_mail.cc
Result<void> ReadMailbox(const Source& source, Extraction& extraction);
Result<void> ReadArchive(const Source& source, Extraction& extraction);    // extract_archive.cc

}  // namespace walchen::data
