/* modules/corpus/json.h - one line of JSON: is it valid, what are its members, what does a
** string say, what stands at a path. RFC 8259, no recursion, no tree.
**
** json_check reads a line once, judges it, and notes the members of its top-level object. All
** other functions trust that the text was judged valid: they skip and find, and check nothing.
** A JsonValue points into the line and lives as long as it. */
#ifndef TAMIS_JSON_H
#define TAMIS_JSON_H

#include "core/buf.h"

typedef enum JsonKind {
  JSON_NONE, JSON_NULL, JSON_TRUE, JSON_FALSE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT
} JsonKind;

const char *json_kind_name(JsonKind k);   /* "string", "boolean", …; "mixed" for JSON_NONE */

enum {
  JSON_ESCAPED   = 1,   /* a string that holds a backslash */
  JSON_SURROGATE = 2,   /* a string that holds an escape \uD800 to \uDFFF */
  JSON_ASCII     = 4    /* a string whose raw bytes are all below 0x80 */
};

enum { JSON_MAX_DEPTH = 1024 };   /* arrays and objects inside one another, the outermost counted */

typedef struct JsonValue {
  Span raw;         /* string: the bytes between the quotes; else the value's bytes, brackets included */
  uint8_t kind;     /* JsonKind; JSON_NONE: there is no such value */
  uint8_t flags;    /* JSON_…, strings only */
} JsonValue;

typedef struct JsonMember { JsonValue key, value; } JsonMember;

typedef enum JsonStatus {
  JSON_OK = 0, JSON_MALFORMED, JSON_NOT_UTF8, JSON_TOO_DEEP, JSON_NO_MEMORY
} JsonStatus;

/* What json_check found; zero it before first use, use it again for line after line. */
typedef struct JsonDoc {
  JsonValue root;
  JsonMember *member;   /* [nmembers] of the root, if it is an object, in order; duplicates included */
  size_t nmembers, cap;
  size_t fault;         /* where it went wrong: offset in the line, if the status is not JSON_OK */
  int ascii;            /* the whole line is below 0x80 */
  struct JsonWord *word;   /* [words_cap] json_check's own room: half a byte a byte of the line */
  size_t words_cap;
} JsonDoc;

/* Judges the whole line (white space around the value is fine). `pad` is how many bytes past
** the line may be read, whatever they are; 0 is always right, 64 is a little faster. A line that
** is not UTF-8 is JSON_NOT_UTF8 whatever else is wrong with it. */
JsonStatus json_check(JsonDoc *doc, Span line, size_t pad);
void json_doc_free(JsonDoc *doc);

/* ---- strings ---- */

/* Decodes the raw bytes of a string. out is elsewhere and has room for raw.len bytes, which
** always suffice. Returns the bytes written. A lone surrogate is written as U+FFFD. */
size_t json_decode(Span raw, char *out);
/* Offset of the first lone surrogate escape in the raw bytes of a string; raw.len if none. */
size_t json_lone_surrogate(Span raw);
/* Does the string v (a key, say) read as `text` once decoded? */
int json_string_is(const JsonValue *v, Span text);
/* Offset of the first byte that is no UTF-8; text.len if there is none. */
size_t json_utf8_fault(Span text);

/* ---- walking a valid value ---- */

/* The value that a valid JSON text (a line) is. */
JsonValue json_value(Span text);

/* for (JsonIter it = json_iter(&array); json_next(&it, NULL, &v); ) …
** for (JsonIter it = json_iter(&object); json_next(&it, &key, &v); ) …  key may be NULL. */
typedef struct JsonIter { const char *p, *end; int object; } JsonIter;
JsonIter json_iter(const JsonValue *container);   /* over nothing if it is no array or object */
int json_next(JsonIter *it, JsonValue *key, JsonValue *value);
/* The two halves of json_next, for who knows where a value ends: the first stops at the value (it->p), the
** second reads it; json_pass_string goes past one that is a string of raw_len bytes between its quotes. */
int json_next_key(JsonIter *it, JsonValue *key);
void json_next_value(JsonIter *it, JsonValue *value);
void json_pass_string(JsonIter *it, size_t raw_len);

/* The member of that name; the last one where there are several. kind JSON_NONE if none. */
JsonValue json_get(const JsonValue *object, Span key);

/* The value at a path of names and places: metadata.queue, tags[0], messages[2].content,
** ["odd key"].x (a JSON string in brackets). Where that finds nothing, the root's own member
** whose name is the whole path. kind JSON_NONE if none. */
JsonValue json_path(const JsonValue *root, Span path);
/* The same; *twice becomes 1 if a name on the way stands twice in its object, else 0. */
JsonValue json_path_once(const JsonValue *root, Span path, int *twice);

/* Every string value inside `text` (keys are none), in order. Returns 0 at the end. */
typedef struct JsonStrings { const char *p, *end; } JsonStrings;
JsonStrings json_strings(Span text);
int json_next_string(JsonStrings *it, JsonValue *value);

/* Writes the path of the value whose raw bytes start at text.ptr + start (for a string: behind
** its quote), in the notation that json_path reads. 0; -1 if out of memory or no such value. */
int json_path_of(Span text, size_t start, Buf *out);

/* The same for many values of one text: starts that ascend take one walk over it together. A
** zeroed one is empty; begin forgets where it stood and keeps the memory. */
typedef struct JsonPaths {
  Span text;
  struct JsonPathLevel *level;   /* [cap]; [depth] containers from the root to where it stands */
  size_t depth, cap;
} JsonPaths;
void json_paths_begin(JsonPaths *p, Span text);
int json_paths_at(JsonPaths *p, size_t start, Buf *out);
void json_paths_free(JsonPaths *p);

#endif
