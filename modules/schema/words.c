/* modules/schema/words.c - see words.h */
#include "schema/words.h"

#define NAME_LINE(id, name) { name, sizeof name - 1 },
static const struct { const char *name; size_t len; } WORDS[] = { { "", 0 }, SCHEMA_WORDS(NAME_LINE) };

/* What describes, or is read where it is referred to. format is not held against the value. */
static const char *const SILENT[] = {
  "$schema", "$id", "id", "$comment", "$defs", "definitions", "$vocabulary", "title", "description", "default",
  "examples", "example", "deprecated", "readOnly", "writeOnly", "format", "contentEncoding", "contentMediaType",
  "contentSchema", "strict" };

SchemaWord schema_word(Span name) {
  for (size_t i = 1; i < sizeof WORDS / sizeof *WORDS; i++)
    if (name.len == WORDS[i].len && memcmp(name.ptr, WORDS[i].name, name.len) == 0) return (SchemaWord)i;
  for (size_t i = 0; i < sizeof SILENT / sizeof *SILENT; i++)
    if (span_eq(name, span_str(SILENT[i]))) return SCHEMA_SILENT;
  return name.len > 1 && name.ptr[0] == 'x' && name.ptr[1] == '-' ? SCHEMA_SILENT : SCHEMA_UNKNOWN;
}

const char *schema_word_name(int word) {
  return word > SCHEMA_NO_WORD && word < SCHEMA_SILENT ? WORDS[word].name : "";
}
