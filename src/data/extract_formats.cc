// SPDX-License-Identifier: Apache-2.0
//
// The table of formats. A new one is a reader and a row here.
#include <array>

#include "data/extract_charset.h"
#include "data/extract_readers.h"

namespace walchen::data {
namespace {

bool StandsAt(std::string_view bytes, size_t at, std::string_view what) {
  return bytes.size() >= at && bytes.substr(at).starts_with(what);
}

bool IsZip(std::string_view bytes) { return bytes.starts_with("PK\3\4") || bytes.starts_with("PK\5\6"); }

// OpenDocument and EPUB store their media type as the first file, unpacked.
bool HasMimetype(std::string_view bytes, std::string_view media_type) {
  return IsZip(bytes) && StandsAt(bytes, 30, "mimetype") &&
         bytes.substr(0, 256).find(media_type) != std::string_view::npos;
}
bool IsOpenDocument(std::string_view bytes) { return HasMimetype(bytes, "application/vnd.oasis.opendocument."); }
bool IsEpub(std::string_view bytes) { return HasMimetype(bytes, "application/epub+zip"); }

// Names stand in a zip archive as they are; a document of Office Open XML begins with one of a few.
bool HoldsAnyOffice(std::string_view bytes, std::string_view main) {
  return IsZip(bytes) && bytes.find("[Content_Types].xml") != std::string_view::npos &&
         bytes.find(main) != std::string_view::npos;
}
bool IsDocx(std::string_view bytes) { return HoldsAnyOffice(bytes, "word/document.xml"); }
bool IsPptx(std::string_view bytes) { return HoldsAnyOffice(bytes, "ppt/presentation.xml"); }
bool IsXlsx(std::string_view bytes) { return HoldsAnyOffice(bytes, "xl/workbook.xml"); }

// Viewers look for it in the first KiB.
bool IsPdf(std::string_view bytes) { return bytes.substr(0, 1'024).find("%PDF-") != std::string_view::npos; }
bool IsRtf(std::string_view bytes) { return bytes.starts_with("{\\rtf"); }

bool IsCompiledCatalogue(std::string_view bytes) {
  return bytes.starts_with("\xde\x12\x04\x95") || bytes.starts_with("\x95\x04\x12\xde");
}
bool IsCatalogue(std::string_view bytes) {
  const std::string_view head = bytes.substr(0, 16'384);
  return head.find("msgid \"") != std::string_view::npos && head.find("msgstr") != std::string_view::npos;
}

bool IsArchive(std::string_view bytes) {
  if (IsZip(bytes) || bytes.starts_with("!<arch>\n") || bytes.starts_with("7z\xbc\xaf\x27\x1c")) return true;
  if (bytes.starts_with("\x1f\x8b") || bytes.starts_with("\xfd" "7zXZ") || bytes.starts_with("BZh")) return true;
  if (bytes.starts_with("\x28\xb5\x2f\xfd") || bytes.starts_with("070701") || bytes.starts_with("070702")) return true;
  return StandsAt(bytes, 257, "ustar");
}

bool IsPng(std::string_view bytes) { return bytes.starts_with("\x89PNG\r\n\x1a\n"); }
bool IsJpeg(std::string_view bytes) { return bytes.starts_with("\xff\xd8\xff"); }
bool IsGif(std::string_view bytes) { return bytes.starts_with("GIF87a") || bytes.starts_with("GIF89a"); }
bool IsWebp(std::string_view bytes) { return bytes.starts_with("RIFF") && StandsAt(bytes, 8, "WEBP"); }
bool IsTiff(std::string_view bytes) {
  return bytes.starts_with(std::string_view("II*\0", 4)) || bytes.starts_with(std::string_view("MM\0*", 4));
}

// Iconify's sets begin with their prefix, or with who made them; icons follow.
bool IsIconSet(std::string_view bytes) {
  const size_t begin = bytes.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (begin == std::string_view::npos || bytes[begin] != '{') return false;
  const std::string_view head = bytes.substr(0, 65'536);
  const auto has = [&](std::string_view key) { return head.find(key) != std::string_view::npos; };
  return has("\"prefix\"") && has("\"icons\"") && has("\"body\"");
}
bool IsSqlite(std::string_view bytes) { return bytes.starts_with(std::string_view("SQLite format 3\0", 16)); }
bool IsWav(std::string_view bytes) {
  return (bytes.starts_with("RIFF") || bytes.starts_with("RF64")) && StandsAt(bytes, 8, "WAVE");
}
bool IsParquet(std::string_view bytes) { return bytes.starts_with("PAR1"); }
// A file of Arrow, or a stream of it: the mark of a message.
bool IsArrow(std::string_view bytes) { return bytes.starts_with("ARROW1") || bytes.starts_with("\xff\xff\xff\xff"); }
bool IsArrowFile(std::string_view bytes) { return bytes.starts_with("ARROW1"); }
bool IsHdf5(std::string_view bytes) { return bytes.starts_with("\x89HDF\r\n\x1a\n"); }

bool IsHtml(std::string_view bytes) {
  const std::string head = Lowered(bytes.substr(0, 1'024));
  return head.find("<!doctype html") != std::string::npos || head.find("<html") != std::string::npos;
}
bool IsXml(std::string_view bytes) {
  const size_t begin = bytes.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  return begin != std::string_view::npos && bytes.substr(begin).starts_with("<?xml");
}
bool IsSvg(std::string_view bytes) { return bytes.substr(0, 4'096).find("<svg") != std::string_view::npos; }

// A line of a page's source that names the page: man(7) or mdoc(7).
bool IsManPage(std::string_view bytes) {
  const std::string_view head = bytes.substr(0, 65'536);
  for (const std::string_view request : {".TH ", ".Dd ", ".Dt ", ".so "}) {
    for (size_t at = head.find(request); at != std::string_view::npos; at = head.find(request, at + 1)) {
      if (at == 0 || head[at - 1] == '\n') return true;
    }
  }
  return false;
}

bool IsMailbox(std::string_view bytes) {
  const std::string_view head = bytes.substr(0, 8'192);
  return head.starts_with("From ") &&
         (head.find("\nFrom: ") != std::string_view::npos || head.find("\nSubject: ") != std::string_view::npos);
}

bool IsDebianCopyright(std::string_view bytes) {
  return bytes.substr(0, 4'096).find("Format: ") != std::string_view::npos;
}

constexpr std::string_view kSourceNames =
    ".c .h .cc .cpp .cxx .hpp .hh .cs .java .js .mjs .cjs .jsx .ts .tsx .py .pyi .rb .rs .go .sh .bash .zsh .pl .pm "
    ".lua .r .m "
    ".swift .kt .scala .hs .ml .el .lisp .clj .erl .ex .f .f90 .for .pas .ada .adb .ads .vhd .vhdl .v .sv .st .asm .s "
    ".sql .cmake "
    ".mk .tcl .php .css .scss .less .dart .jl .nim .zig .proto .toml .ini .cfg .conf .yaml .yml .tex .bib .bat .ps1 "
    ".awk .sed "
    "makefile dockerfile cmakelists.txt";

constexpr std::array kFormats = {
    Format{"application/pdf", ".pdf", IsPdf, true, ReadPdf},
    Format{"application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx .docm .dotx", IsZip, false,
           ReadDocx},
    Format{"application/vnd.openxmlformats-officedocument.presentationml.presentation", ".pptx .pptm .ppsx .potx",
           IsZip, false, ReadPptx},
    Format{"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx .xlsm .xltx", IsZip, false,
           ReadXlsx},
    Format{"application/vnd.oasis.opendocument", ".odt .ods .odp .ott .ots .otp .odg", IsZip, false, ReadOpenDocument},
    Format{"application/epub+zip", ".epub", IsZip, false, ReadEpub},
    Format{"application/x-archive",
           ".zip .tar .tgz .tbz2 .txz .tzst .gz .xz .bz2 .zst .deb .udeb .whl .egg .jar .nupkg .a .7z .cpio", IsArchive,
           false, ReadArchive},
    Format{"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "", IsDocx, true, ReadDocx},
    Format{"application/vnd.openxmlformats-officedocument.presentationml.presentation", "", IsPptx, true, ReadPptx},
    Format{"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "", IsXlsx, true, ReadXlsx},
    Format{"application/vnd.oasis.opendocument", "", IsOpenDocument, true, ReadOpenDocument},
    Format{"application/epub+zip", "", IsEpub, true, ReadEpub},
    Format{"application/x-archive", "", IsArchive, true, ReadArchive},
    Format{"application/rtf", ".rtf", IsRtf, true, ReadRtf},
    Format{"application/x-gettext-translation", ".mo .gmo", IsCompiledCatalogue, true, ReadCompiledCatalogue},
    Format{"text/x-gettext-translation", ".po .pot", IsCatalogue, false, ReadCatalogue},
    Format{"message/rfc822", ".eml", LooksLikeText, false, ReadMessage},
    Format{"application/mbox", ".mbox .mbx", IsMailbox, true, ReadMailbox},
    Format{"image/png", ".png", IsPng, true, ReadPicture},
    Format{"image/jpeg", ".jpg .jpeg", IsJpeg, true, ReadPicture},
    Format{"image/gif", ".gif", IsGif, true, ReadPicture},
    Format{"image/webp", ".webp", IsWebp, true, ReadPicture},
    Format{"image/tiff", ".tif .tiff", IsTiff, true, ReadPicture},
    Format{"application/vnd.sqlite3", ".sqlite .sqlite3 .db .db3", IsSqlite, true, ReadSqlite},
    Format{"audio/wav", ".wav .wave .rf64", IsWav, true, ReadWav},
    Format{"application/vnd.apache.parquet", ".parquet .pq", IsParquet, true, ReadArrow},
    Format{"application/vnd.apache.arrow.file", ".arrow .arrows .feather .ipc", IsArrow, false, ReadArrow},
    Format{"application/vnd.apache.arrow.file", "", IsArrowFile, true, ReadArrow},
    Format{"application/x-hdf5", ".h5 .hdf5 .hdf .he5 .nc", IsHdf5, true, ReadHdf5},
    Format{"image/svg+xml", ".svg", IsSvg, false, ReadSvg},
    Format{"text/html", ".html .htm .xhtml", LooksLikeText, false, ReadHtml},
    Format{"text/x-python-metadata", "metadata pkg-info", LooksLikeText, false, ReadPackageMetadata},
    Format{"text/x-debian-copyright", "copyright", IsDebianCopyright, false, ReadDebianCopyright},
    Format{"application/vnd.npm.package+json", "package.json", LooksLikeText, false, ReadPackageJson},
    Format{"application/vnd.iconify+json", ".json", IsIconSet, true, ReadIconSet},
    Format{"application/jsonl", ".jsonl .ndjson", LooksLikeText, false, ReadJsonLines},
    Format{"application/json", ".json .geojson .ipynb", LooksLikeText, false, ReadJson},
    Format{"text/troff", ".1 .2 .3 .4 .5 .6 .7 .8 .9 .1p .3p .3pm .3perl .3ssl .7ssl .1ssl .5ssl .man .mdoc", IsManPage,
           false, ReadManPage},
    Format{"text/csv", ".csv .tsv .tab .psv", LooksLikeText, false, ReadSeparatedText},
    Format{"text/markdown", ".md .markdown .mdown", LooksLikeText, false, ReadMarkdown},
    Format{"text/x-source", kSourceNames, LooksLikeText, false, ReadPlainText},
    Format{"text/plain",
           ".txt .text .log .rst .adoc .srt .vtt readme license licence copying authors changelog news",
           LooksLikeText, false, ReadPlainText},
    Format{"image/svg+xml", "", [](std::string_view bytes) { return IsXml(bytes) && IsSvg(bytes); }, true, ReadSvg},
    Format{"text/html", "", IsHtml, true, ReadHtml},
    Format{"application/xml", ".xml .rdf .docbook .dbk .xmp .rss .atom", IsXml, true, ReadXmlText},
    Format{"text/plain", "", LooksLikeText, true, ReadPlainText},
};

}  // namespace

std::span<const Format> Formats() { return kFormats; }

}  // namespace walchen::data
