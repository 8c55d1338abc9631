/* modules/corpus/json.c - json_check: judges a line by RFC 8259 in one pass over its bytes.
**
** A machine of four places (a value is due; a key is due; a value has ended; done) with a stack
** of one bit a level (object or array), so depth costs no C stack. Strings are run over sixteen
** bytes at a time; UTF-8 is judged by simdjson, only for lines that hold a byte past 0x7F. */
#include "corpus/json.h"

#include <stdlib.h>

#include "corpus/json_scan.h"
#include "corpus/simdjson_shim.h"

typedef struct Check {
  const char *p, *end;
  const char *limit;                      /* json_scan_limit */
  uint64_t high;                          /* non-zero: some string holds a byte past 0x7F */
  int depth;
  uint64_t object[JSON_MAX_DEPTH / 64];   /* bit d: the container at depth d + 1 is an object */
} Check;

static void skip_space(Check *c) {
  while (c->p < c->end && json_is_space(*c->p)) c->p++;
}

/* c->p is on a backslash. Steps behind the escape, or returns -1 with c->p on the fault. */
static int check_escape(Check *c, unsigned *flags) {
  *flags |= JSON_ESCAPED;
  size_t left = (size_t)(c->end - c->p);
  if (left < 2) return -1;
  switch (c->p[1]) {
    case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't':
      c->p += 2;
      return 0;
    case 'u': {
      int unit = left < 6 ? -1 : json_hex4(c->p + 2);
      if (unit < 0) return -1;
      if ((unit & 0xF800) == 0xD800) *flags |= JSON_SURROGATE;
      c->p += 6;
      return 0;
    }
    default: return -1;
  }
}

/* c->p is behind the opening quote. Fills *v and steps behind the closing one; or returns -1. */
static int check_string(Check *c, JsonValue *v) {
  const char *begin = c->p;
  unsigned flags = 0;
  uint64_t high = 0;
  for (;;) {
    c->p = json_plain_run(c->p, c->end, c->limit, &high);
    if (c->p >= c->end) {
      c->p = c->end;
      return -1;
    }
    if (*c->p == '"') break;
    if (*c->p != '\\' || check_escape(c, &flags) != 0) return -1;
  }
  c->high |= high;
  if (high == 0) flags |= JSON_ASCII;
  *v = (JsonValue){ span_of(begin, (size_t)(c->p - begin)), JSON_STRING, (uint8_t)flags };
  c->p++;
  return 0;
}

static int check_digits(Check *c) {
  const char *begin = c->p;
  while (c->p < c->end && *c->p >= '0' && *c->p <= '9') c->p++;
  return c->p > begin ? 0 : -1;
}

static int check_number(Check *c) {
  if (*c->p == '-') c->p++;
  if (c->p < c->end && *c->p == '0') c->p++;
  else if (check_digits(c) != 0) return -1;
  if (c->p < c->end && *c->p == '.') {
    c->p++;
    if (check_digits(c) != 0) return -1;
  }
  if (c->p < c->end && (*c->p | 0x20) == 'e') {
    c->p++;
    if (c->p < c->end && (*c->p == '+' || *c->p == '-')) c->p++;
    if (check_digits(c) != 0) return -1;
  }
  return 0;
}

static int check_word(Check *c, const char *word) {
  for (; *word != '\0'; word++, c->p++)
    if (c->p >= c->end || *c->p != *word) return -1;
  return 0;
}

/* A string, number or word at c->p. */
static int check_scalar(Check *c, JsonValue *v) {
  const char *begin = c->p;
  int r, kind;
  switch (*begin) {
    case '"':
      c->p++;
      return check_string(c, v);
    case 't': kind = JSON_TRUE, r = check_word(c, "true"); break;
    case 'f': kind = JSON_FALSE, r = check_word(c, "false"); break;
    case 'n': kind = JSON_NULL, r = check_word(c, "null"); break;
    case '-': case '0': case '1': case '2': case '3': case '4':
    case '5': case '6': case '7': case '8': case '9':
      kind = JSON_NUMBER, r = check_number(c);
      break;
    default: return -1;
  }
  *v = (JsonValue){ span_of(begin, (size_t)(c->p - begin)), (uint8_t)kind, 0 };
  return r;
}

static int in_object(const Check *c) {
  unsigned level = (unsigned)c->depth - 1;
  return (int)(c->object[level / 64] >> (level % 64) & 1);
}

static int push(Check *c, int object) {
  if (c->depth == JSON_MAX_DEPTH) return -1;
  unsigned level = (unsigned)c->depth++;
  uint64_t bit = 1ull << (level % 64);
  c->object[level / 64] = object ? c->object[level / 64] | bit : c->object[level / 64] & ~bit;
  c->p++;
  return 0;
}

static JsonMember *add_member(JsonDoc *doc) {
  if (doc->nmembers == doc->cap) {
    size_t cap = doc->cap > 0 ? doc->cap * 2 : 16;
    JsonMember *member = realloc(doc->member, cap * sizeof *member);
    if (member == NULL) return NULL;
    doc->member = member;
    doc->cap = cap;
  }
  return &doc->member[doc->nmembers++];
}

/* A key, its colon and the white space around; notes it if it is the root's. */
static JsonStatus check_key(Check *c, JsonDoc *doc) {
  JsonValue key;
  if (c->p >= c->end || *c->p != '"') return JSON_MALFORMED;
  c->p++;
  if (check_string(c, &key) != 0) return JSON_MALFORMED;
  skip_space(c);
  if (c->p >= c->end || *c->p != ':') return JSON_MALFORMED;
  c->p++;
  skip_space(c);
  if (c->depth > 1) return JSON_OK;
  JsonMember *m = add_member(doc);
  if (m == NULL) return JSON_NO_MEMORY;
  *m = (JsonMember){ .key = key, .value = { .raw = { c->p, 0 } } };
  return JSON_OK;
}

/* Notes a value that has just ended where the doc keeps it. */
static void note_value(const Check *c, JsonDoc *doc, const JsonValue *v) {
  if (c->depth == 0) doc->root = *v;
  else if (c->depth == 1 && in_object(c)) doc->member[doc->nmembers - 1].value = *v;
}

/* The container at depth c->depth + 1 has ended before c->p. */
static void note_container(const Check *c, JsonDoc *doc, const char *begin, int object) {
  const char *from = c->depth == 0 ? begin
                   : c->depth == 1 && in_object(c) ? doc->member[doc->nmembers - 1].value.raw.ptr : NULL;
  if (from == NULL) return;
  JsonValue v = { span_of(from, (size_t)(c->p - from)), object ? JSON_OBJECT : JSON_ARRAY, 0 };
  note_value(c, doc, &v);
}

static JsonStatus check_value(Check *c, JsonDoc *doc) {
  JsonStatus s;
  JsonValue v;
  skip_space(c);
  const char *begin = c->p;

value_due:
  if (c->p >= c->end) return JSON_MALFORMED;
  if (*c->p == '{') {
    if (push(c, 1) != 0) return JSON_TOO_DEEP;
    skip_space(c);
    if (c->p < c->end && *c->p == '}') goto close;
    goto key_due;
  }
  if (*c->p == '[') {
    if (push(c, 0) != 0) return JSON_TOO_DEEP;
    skip_space(c);
    if (c->p < c->end && *c->p == ']') goto close;
    goto value_due;
  }
  if (check_scalar(c, &v) != 0) return JSON_MALFORMED;
  note_value(c, doc, &v);

value_ended:
  if (c->depth == 0) return JSON_OK;
  skip_space(c);
  if (c->p >= c->end) return JSON_MALFORMED;
  if (*c->p == ',') {
    c->p++;
    skip_space(c);
    if (!in_object(c)) goto value_due;
    goto key_due;
  }
  if (*c->p != (in_object(c) ? '}' : ']')) return JSON_MALFORMED;

close: {
    int object = in_object(c);
    c->depth--;
    c->p++;
    note_container(c, doc, begin, object);
    goto value_ended;
  }

key_due:
  s = check_key(c, doc);
  if (s != JSON_OK) return s;
  goto value_due;
}

JsonStatus json_check(JsonDoc *doc, Span line, size_t pad) {
  Check c;   /* the stack of bits is written before it is read */
  c.p = line.ptr;
  c.end = line.ptr + line.len;
  c.limit = json_scan_limit(c.p, c.end, pad);
  c.high = 0;
  c.depth = 0;
  doc->nmembers = 0;
  doc->root = (JsonValue){ 0 };
  JsonStatus s = check_value(&c, doc);
  if (s == JSON_OK) {
    skip_space(&c);
    if (c.p < c.end) s = JSON_MALFORMED;   /* something behind the value */
  }
  doc->fault = (size_t)(c.p - line.ptr);
  doc->ascii = s == JSON_OK && c.high == 0;
  if (s == JSON_NO_MEMORY || doc->ascii || simdjson_utf8_valid(line.ptr, line.len)) return s;
  doc->fault = json_utf8_fault(line);
  return JSON_NOT_UTF8;
}

void json_doc_free(JsonDoc *doc) {
  free(doc->member);
  *doc = (JsonDoc){ 0 };
}
