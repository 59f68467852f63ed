// SPDX-License-Identifier: Apache-2.0
//
// The readers, one per family of formats, each in the file extract_<family>.cc. extract_formats.cc has the table of
// what goes to which.
#pragma once

#include "base/status.h"
#include "data/extraction.h"

namespace walchen::data {

// extract_text.cc
Result<void> ReadPlainText(const Source& source, Extraction& extraction);
Result<void> ReadMarkdown(const Source& source, Extraction& extraction);
Result<void> ReadSeparatedText(const Source& source, Extraction& extraction);

// extract_package.cc
Result<void> ReadPackageMetadata(const Source& source, Extraction& extraction);
Result<void> ReadPackageJson(const Source& source, Extraction& extraction);
Result<void> ReadDebianCopyright(const Source& source, Extraction& extraction);

// extract_svg.cc
Result<void> ReadSvg(const Source& source, Extraction& extraction);
Result<void> ReadXmlText(const Source& source, Extraction& extraction);

// extract_picture.cc
Result<void> ReadPicture(const Source& source, Extraction& extraction);

// extract_icons.cc
Result<void> ReadIconSet(const Source& source, Extraction& extraction);

// extract_html.cc
Result<void> ReadHtml(const Source& source, Extraction& extraction);

// extract_json.cc
Result<void> ReadJson(const Source& source, Extraction& extraction);
Result<void> ReadJsonLines(const Source& source, Extraction& extraction);

// extract_gettext.cc
Result<void> ReadCatalogue(const Source& source, Extraction& extraction);
Result<void> ReadCompiledCatalogue(const Source& source, Extraction& extraction);

// extract_man.cc
Result<void> ReadManPage(const Source& source, Extraction& extraction);

// extract_rtf.cc
Result<void> ReadRtf(const Source& source, Extraction& extraction);

// extract_pdf.cc
Result<void> ReadPdf(const Source& source, Extraction& extraction);

// extract_docx.cc, extract_pptx.cc, extract_xlsx.cc, extract_odf.cc, extract_epub.cc
Result<void> ReadDocx(const Source& source, Extraction& extraction);
Result<void> ReadPptx(const Source& source, Extraction& extraction);
Result<void> ReadXlsx(const Source& source, Extraction& extraction);
Result<void> ReadOpenDocument(const Source& source, Extraction& extraction);
Result<void> ReadEpub(const Source& source, Extraction& extraction);

// extract_mail.cc
Result<void> ReadMessage(const Source& source, Extraction& extraction);
Result<void> ReadMailbox(const Source& source, Extraction& extraction);

// extract_sqlite.cc, extract_wav.cc, extract_hdf5.cc, extract_arrow.cc
Result<void> ReadSqlite(const Source& source, Extraction& extraction);
Result<void> ReadWav(const Source& source, Extraction& extraction);
Result<void> ReadHdf5(const Source& source, Extraction& extraction);
Result<void> ReadArrow(const Source& source, Extraction& extraction);

// extract_archive.cc
Result<void> ReadArchive(const Source& source, Extraction& extraction);

}  // namespace walchen::data
