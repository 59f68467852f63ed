// SPDX-License-Identifier: Apache-2.0
//
// Every bound on what comes from outside, in one table. LIMITS.md is this table, rendered by scripts/limits_md.py;
// a test fails when the two differ.
//
// A line is LIMIT(name, value, unit, why this value): the name is the constant's, the last two go into LIMITS.md.
#pragma once

#include <cstdint>

#define WALCHEN_LIMITS(LIMIT)                                                                                          \
  /* Model files */                                                                                                    \
  LIMIT(kGgufMaxTensors, 65'536, "tensors", "a 405B Llama has 1,138; mixture-of-experts files stay under 20,000")      \
  LIMIT(kGgufMaxKeys, 65'536, "keys", "files in use have under 100")                                                   \
  LIMIT(kGgufMaxStringBytes, 16'777'216, "bytes", "the longest strings are chat templates and vocabularies, < 1 MiB")  \
  LIMIT(kGgufMaxArrayItems, 16'777'216, "items", "the largest arrays are vocabularies and merges, < 1 million")        \
  LIMIT(kGgufMaxArrayDepth, 4, "levels", "nested arrays are legal; nobody nests deeper than one")                      \
  LIMIT(kGgufMaxAlignment, 65'536, "bytes", "32 everywhere today; a page is the most that makes sense")                \
  LIMIT(kTensorMaxDimensions, 4, "dimensions", "ggml's own bound")                                                     \
  LIMIT(kSafetensorsMaxHeaderBytes, 100'000'000, "bytes", "the format's own bound")                                    \
  LIMIT(kSafetensorsMaxShards, 1'024, "files", "a 405B model has 191")                                                 \
  LIMIT(kSafetensorsMaxTensors, 1'048'576, "tensors", "a 671B mixture of experts has 92,000")                          \
  LIMIT(kSafetensorsMaxDimensions, 8, "dimensions", "video convolutions have 5")                                       \
  LIMIT(kSafetensorsIndexMaxBytes, 67'108'864, "bytes", "the largest in use are about 9 MB")                           \
  LIMIT(kConfigJsonMaxBytes, 1'048'576, "bytes", "config.json of today's models is under 10 KiB")                      \
  LIMIT(kTokenizerJsonMaxBytes, 67'108'864, "bytes", "the largest in use are about 35 MB")                             \
  LIMIT(kJsonMaxDepth, 64, "levels", "simdjson allows 1,024; no file or request of ours needs more than 20")           \
  /* Text */                                                                                                           \
  LIMIT(kVocabularyMaxTokens, 1'048'576, "tokens", "the largest vocabularies have 262,144")                            \
  LIMIT(kVocabularyMaxBytes, 268'435'456, "bytes", "all tokens' spellings and texts; the largest in use have 10 MB")   \
  LIMIT(kTokenMaxBytes, 4'096, "bytes", "the longest known token has under 1 KiB")                                     \
  LIMIT(kAddedTokenMaxBytes, 1'024, "bytes", "a text takes at most this often its length; in use are under 100")       \
  LIMIT(kTokenizerMaxSteps, 64, "steps", "normalisers and pre-tokenizers in a row; the longest in use is seven")       \
  LIMIT(kTokenizerMaxGrowth, 64, "times", "what all steps may make of a text's length; in use are under 20")           \
  LIMIT(kTokenizerPatternMaxBytes, 256, "bytes", "a text takes at most this often its length; in use are under 10")    \
  LIMIT(kTemplateMaxBytes, 1'048'576, "bytes", "the longest chat templates are about 30 KiB")                          \
  LIMIT(kTemplateMaxSteps, 4'000'000, "steps", "a 1,000-message chat takes about 100,000")                             \
  LIMIT(kTemplateMaxDepth, 64, "levels", "nesting of blocks and brackets as written; macro calls inside macro calls")  \
  LIMIT(kTemplateMaxFrames, 512, "levels", "nested evaluation, 8 a macro call; 1 MiB of stack; nested values")         \
  LIMIT(kTemplateMaxOutputBytes, 67'108'864, "bytes", "four times the largest request")                                \
  LIMIT(kTemplateMaxMemoryBytes, 268'435'456, "bytes", "all values of one rendering, garbage included")                \
  LIMIT(kPromptMaxBytes, 16'777'216, "bytes", "a prompt is at most one request body")                                  \
  LIMIT(kEvaluationTextMaxBytes, 67'108'864, "bytes", "the test texts in use have about 1.3 MB")                       \
  /* Models */                                                                                                         \
  LIMIT(kModelMaxLayers, 1'024, "layers", "the deepest in use has 126")                                                \
  LIMIT(kModelMaxWidth, 131'072, "values", "d_model, d_ff: the widest in use has 53,248")                              \
  LIMIT(kModelMaxHeads, 1'024, "heads", "the most in use is 128")                                                      \
  LIMIT(kModelMaxExperts, 1'024, "experts", "the most in use is 512")                                                  \
  LIMIT(kModelMaxSenses, 16, "senses", "there are three kinds; a model may have several of one")                       \
  LIMIT(kAdaptersMax, 256, "adapters", "loaded beside one base; memory binds earlier")                                 \
  LIMIT(kAdapterNameMaxBytes, 64, "bytes", "what requests call it")                                                    \
  LIMIT(kSignalMaxPatches, 4'096, "patches", "all channels of one window; trained are up to 256")                      \
  LIMIT(kPictureMaxEdge, 512, "pixels", "of one segment: 4,096 patches; trained are 32 to 128")                        \
  LIMIT(kMotionMaxSteps, 4'096, "steps", "of one segment of states or actions; trained are chunks of 16")              \
  LIMIT(kFlowMaxSteps, 1'000, "steps", "of a sampler; 10 to 50 are in use")                                            \
  LIMIT(kContextMaxTokens, 1'048'576, "tokens", "the longest trained contexts; memory binds earlier")                  \
  /* Requests */                                                                                                       \
  LIMIT(kHttpMaxHeaderBytes, 16'384, "bytes", "all header lines of a request together")                                \
  LIMIT(kHttpMaxBodyBytes, 16'777'216, "bytes", "413 before it is read")                                               \
  LIMIT(kHttpMaxHeaderFields, 100, "headers", "browsers send about 20")                                                \
  LIMIT(kHttpMaxTargetBytes, 8'192, "bytes", "path and query of a request")                                            \
  LIMIT(kHttpMaxBodiesBytes, 268'435'456, "bytes", "all request bodies in memory together; then 503 with Retry-After") \
  LIMIT(kHttpMaxUnsentBytes, 4'194'304, "bytes", "of a stream that its client does not read; then it is cut off")      \
  LIMIT(kApiKeyFileMaxBytes, 512, "bytes", "keys of other services are under 200; it must fit into a header")          \
  LIMIT(kHttpMaxConnections, 10'000, "connections", "epoll; 16 KiB each")                                              \
  LIMIT(kHttpHeaderTimeoutMs, 10'000, "ms", "a client that sends no whole header by then is cut off")                  \
  LIMIT(kHttpBodyTimeoutMs, 30'000, "ms", "a client that sends no whole body by then is cut off")                      \
  LIMIT(kHttpWriteTimeoutMs, 30'000, "ms", "a client that reads nothing for so long is cut off")                       \
  LIMIT(kHttpIdleTimeoutMs, 60'000, "ms", "a connection without a request is closed after that")                       \
  LIMIT(kHttpDrainMs, 30'000, "ms", "how long running answers may finish after SIGTERM")                               \
  LIMIT(kQueueMaxRequests, 256, "requests", "then 429 with Retry-After")                                               \
  LIMIT(kRequestMaxJsonValues, 1'000'000, "values", "a conversation of 10,000 messages has 50,000")                    \
  LIMIT(kChatMaxMessages, 10'000, "messages", "one request's conversation")                                            \
  LIMIT(kStopMaxStrings, 16, "strings", "OpenAI allows 4")                                                             \
  LIMIT(kStopMaxBytes, 1'024, "bytes", "one stop string")                                                              \
  LIMIT(kLogitBiasMaxTokens, 4'096, "tokens", "OpenAI allows 300")                                                     \
  LIMIT(kTopLogprobsMax, 20, "tokens", "OpenAI's bound")                                                               \
  LIMIT(kChoicesMax, 16, "choices", "n of one request")                                                                \
  /* Training runs */                                                                                                  \
  LIMIT(kChatFileMaxBytes, 268'435'456, "bytes", "conversations to learn from, kept in memory as tokens")              \
  LIMIT(kTextFolderMaxBytes, 268'435'456, "bytes", "a folder of text to learn from, kept in memory as tokens")         \
  LIMIT(kTextFolderMaxDepth, 32, "folders", "inside each other; a link to a folder above would never end")             \
  LIMIT(kRecipeMaxBytes, 65'536, "bytes", "a recipe has under 4 KiB")                                                  \
  LIMIT(kRecipeMaxDepth, 8, "levels", "tables and arrays inside each other; recipes have 3")                           \
  LIMIT(kRecipeTextMaxBytes, 4'096, "bytes", "one text of a recipe; the longest are templates")                        \
  LIMIT(kRecipeNameMaxBytes, 64, "bytes", "names of runs, senses, data; they go into file names and logs")             \
  LIMIT(kRecipeMaxSenses, 64, "senses", "one per modality; six are known")                                             \
  LIMIT(kRecipeMaxData, 256, "sources", "mixtures in use have under 50")                                               \
  LIMIT(kRecipeMaxOptions, 256, "options", "of one data source; generators have under 20")                             \
  LIMIT(kTrainMaxSteps, 1'000'000'000, "steps", "the longest known runs have under 2 million")                         \
  LIMIT(kTrainMaxSequences, 1'048'576, "sequences", "of one step, from one source; the largest batches have 65,536")   \
  LIMIT(kTrainMaxAccumulate, 65'536, "batches", "summed up to one step")                                               \
  LIMIT(kTrainMaxStride, 1'024, "values", "input values that become one token of a sense")                             \
  LIMIT(kTrainMaxRank, 4'096, "values", "rank of a LoRA; in use are 4 to 256")                                         \
  LIMIT(kCheckpointMaxFiles, 4'096, "files", "one per part; a run has under 20")                                       \
  LIMIT(kCheckpointManifestMaxBytes, 2'097'152, "bytes", "the most files with the longest names")                      \
  LIMIT(kRunLogMaxBytes, 4'294'967'296, "bytes", "10 million steps of 400 bytes")                                      \
  LIMIT(kRunLogLineMaxBytes, 65'536, "bytes", "one step; under 1 KiB")                                                 \
  LIMIT(kRunNameMaxBytes, 255, "bytes", "a run's folder as requests name it; file systems' own bound")                 \
  LIMIT(kRunsMaxListed, 256, "runs", "of one answer, the newest ones; it says how many more there are")                \
  LIMIT(kRunsMaxFollowed, 16, "runs", "whose curves a server keeps in memory; others are read again")                  \
  LIMIT(kRunReadMaxBytes, 16'777'216, "bytes", "of a log, for one request; the rest with the next ones")               \
  LIMIT(kRunCurvesMaxPoints, 2'000, "points", "of each curve; screens have fewer columns of pixels")                   \
  LIMIT(kRunCurvesMax, 256, "curves", "of one run, one per loss and quarter; runs in use have under 50")               \
  LIMIT(kRunCurveNameMaxBytes, 256, "bytes", "two names of a recipe and what stands between them are under 200")       \
  /* Shards */                                                                                                         \
  LIMIT(kShardMaxTokens, 268'435'456, "tokens", "1 GiB at 4 bytes; a shard is written from memory")                    \
  LIMIT(kShardFactsMaxBytes, 65'536, "bytes", "names and digests: under 1 KiB")                                        \
  LIMIT(kRawFolderMaxDepth, 64, "folders", "inside each other; deeper trees are made by machines to harm")             \
  LIMIT(kBpeMaxWords, 33'554'432, "words", "distinct, that a tokenizer is learned from: about 3 GB of memory")         \
  /* Ledger */                                                                                                         \
  LIMIT(kLedgerBodyMaxBytes, 262'144, "bytes", "the JSON of one event; most are under 500, a shard's ranges a few KiB")\
  LIMIT(kLedgerPrivateMaxBytes, 1'048'576, "bytes", "one erasable value: findings of a long document are the largest") \
  LIMIT(kLedgerPrivateMaxFields, 64, "fields", "of one event; records have under 10")                                  \
  LIMIT(kLedgerMaxFaults, 1'000, "faults", "that a verification names; it counts the others")                          \
  LIMIT(kLedgerBusyMs, 30'000, "ms", "how long a writer waits for another one before it gives up")                     \
  LIMIT(kLicenceExpressionMaxBytes, 1'024, "bytes", "the longest SPDX expressions of packages have about 300")         \
  LIMIT(kSubjectMaxBytes, 1'024, "bytes", "a name, an address or a number that identifies a person")                   \
  LIMIT(kDocumentPrefixMinDigits, 8, "digits", "fewer digits of a content hash fit several of 100,000 documents")      \
  /* Raw data */                                                                                                       \
  LIMIT(kExtractFileMaxBytes, 68'719'476'736, "bytes", "a raw file; the largest archives of packages have under 10 GB")\
  LIMIT(kExtractTextMaxBytes, 268'435'456, "bytes", "the text of one part; the longest books have under 10 MB")        \
  LIMIT(kExtractContentMaxBytes, 268'435'456, "bytes", "the numbers or the picture of one part; 32 million numbers")   \
  LIMIT(kExtractMaxSpans, 2'000'000, "places", "of one part, and its other facts; a sheet with more cells is a table") \
  LIMIT(kExtractAnswerMaxBytes, 1'073'741'824, "bytes", "what a worker says of one part")                              \
  LIMIT(kExtractMemoryMaxBytes, 4'294'967'296, "bytes", "of address space of a worker, beside the file that it maps")  \
  LIMIT(kExtractCpuMaxSeconds, 300, "s", "of a worker for one file, and of each tool that it starts")                  \
  LIMIT(kExtractWallMaxMs, 1'200'000, "ms", "for one file; a scan of 100 pages takes 400 s")                           \
  LIMIT(kExtractWorkerMaxFiles, 1'000, "files", "then a new worker takes over, so that no leak adds up")               \
  LIMIT(kExtractMaxRestarts, 16, "workers", "that the entries of one archive may end; then the rest of it is left")    \
  LIMIT(kExtractToolMaxBytes, 268'435'456, "bytes", "what a tool (pdftotext, tesseract, mandoc) may print")            \
  LIMIT(kOcrMaxPages, 100, "pages", "of one file without text that are read from their pictures; 2 to 5 s each")       \
  LIMIT(kArchiveMaxEntries, 1'000'000, "files", "in all archives of a raw file; the largest packages have 200,000")    \
  LIMIT(kArchiveMaxDepth, 6, "archives", "inside each other; a package in an archive in a mail in an mbox has 5")      \
  LIMIT(kArchiveEntryMaxBytes, 1'073'741'824, "bytes", "one unpacked file, which is kept in memory")                   \
  LIMIT(kArchiveMaxUnpackedBytes, 68'719'476'736, "bytes", "all that a raw file unpacks to, at every depth")           \
  LIMIT(kArchiveMaxRatio, 1'000, "times", "an entry beyond 64 MiB to the whole archive; logs reach 200")               \
  LIMIT(kOfficeMaxBytes, 536'870'912, "bytes", "of a document's unpacked XML, kept in memory")                         \
  LIMIT(kSheetMaxRepeat, 65'536, "cells", "that one element of a spreadsheet may stand for when they hold something")  \
  LIMIT(kTableMaxCells, 33'554'432, "cells", "of one sheet or text while it is read: 1 GB of memory")                  \
  LIMIT(kTableMaxNumbers, 134'217'728, "numbers", "of one file's tables: 1 GB of memory; 50 minutes of sound at 44.1 kHz")\
  LIMIT(kTableMaxColumns, 65'536, "columns", "of one table; XLSX ends at 16,384, SQLite at 32,767")                    \
  LIMIT(kTablesMaxCount, 4'096, "tables", "of one file: sheets, data sets, tables of a database")                      \
  LIMIT(kTableNameMaxBytes, 4'096, "bytes", "a column's name, a unit, a note; longer ones are cut")                    \
  LIMIT(kTableMaxNotes, 1'000, "notes", "of one table; then it says that there are more")                              \
  LIMIT(kMailMaxParts, 10'000, "parts", "of one message; newsletters have under 50")                                   \
  LIMIT(kCatalogueMaxMessages, 1'000'000, "messages", "of a gettext catalogue; the largest have 50,000")               \
  LIMIT(kPictureFileMaxBytes, 536'870'912, "bytes", "a picture, a drawing or a set of icons; scans have under 100 MB") \
  LIMIT(kPictureMaxPixels, 134'217'728, "pixels", "of a picture before it is made small: 0.5 GiB in memory")           \
  LIMIT(kPictureMaxCaptions, 256, "captions", "of one picture; keywords are one together")                             \
  LIMIT(kPictureCaptionMaxBytes, 4'096, "bytes", "of one caption; what is longer is cut")                              \
  LIMIT(kPictureMetadataMaxBytes, 16'777'216, "bytes", "of XMP, EXIF, IPTC and C2PA manifests with their thumbnails")  \
  LIMIT(kIconSetMaxIcons, 65'536, "icons", "of one set; the largest has 30,000")                                       \
  LIMIT(kIconMaxBytes, 262'144, "bytes", "of one icon's drawing; emoji with gradients have under 100 KB")              \
  LIMIT(kRtfMaxDepth, 4'096, "groups", "inside each other; word processors write under 20")                            \
  LIMIT(kCleanTextMaxBytes, 268'435'456, "bytes", "one document's text; places in it are kept in 32 bits")             \
  LIMIT(kDuplicateIndexMaxDocuments, 1'000'000'000, "documents", "of one index: 100 GB of memory")                     \
  /* Command line */                                                                                                   \
  LIMIT(kChatHistoryMaxBytes, 4'194'304, "bytes", "1,000 typed lines; a larger file is replaced, not read")            \
  LIMIT(kDigestFileMaxBytes, 4'096, "bytes", "one line: 64 digits, two spaces, a file name")                           \
  /* Machine */                                                                                                        \
  LIMIT(kThreadsMax, 512, "threads", "the largest x86 servers have 384 cores")

namespace walchen::base {

#define WALCHEN_LIMIT_CONSTANT(name, value, unit, why) inline constexpr int64_t name = value;
WALCHEN_LIMITS(WALCHEN_LIMIT_CONSTANT)
#undef WALCHEN_LIMIT_CONSTANT

}  // namespace walchen::base
