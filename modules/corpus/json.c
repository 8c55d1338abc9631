/* modules/corpus/json.c - json_check: judges a line by RFC 8259.
**
** First an index of the line is made, sixty-four bytes at a time: where quotes, escapes, control
** characters and bytes past 0x7F stand (json_index.h). Then a machine of three places (a value is
** due; a key is due; a value has ended) walks the tokens and leaps over strings by that index,
** with a stack of one bit a level (object or array), so depth costs no C stack. UTF-8 is judged by
** simdjson, only for lines that hold a byte past 0x7F. */
#include "corpus/json.h"

#include <stdlib.h>

#include "corpus/json_index.h"
#include "corpus/json_scan.h"
#include "corpus/simdjson_shim.h"

typedef struct Check {
  const char *begin, *end;
  const JsonWord *word;                   /* the index of [begin, end) */
  const char *fault;                      /* where a helper that returned NULL stopped */
} Check;

static const char *stop(Check *c, const char *at) {
  c->fault = at;
  return NULL;
}

/* Most often there is none, or one blank. */
static inline const char *skip_space(const Check *c, const char *p) {
  while (p < c->end && (unsigned char)*p <= ' ' && json_is_space(*p)) p++;
  return p;
}

/* ---- tokens: each helper gets a place, and returns the one behind its token or NULL ---- */

/* p is on a backslash. */
static inline const char *check_escape(Check *c, const char *p, unsigned *flags) {
  static const unsigned char one_letter[256] = {
    ['"'] = 1, ['\\'] = 1, ['/'] = 1, ['b'] = 1, ['f'] = 1, ['n'] = 1, ['r'] = 1, ['t'] = 1,
  };
  size_t left = (size_t)(c->end - p);
  *flags |= JSON_ESCAPED;
  if (left >= 2 && one_letter[(unsigned char)p[1]]) return p + 2;
  if (left < 6 || p[1] != 'u') return stop(c, p);
  int unit = json_hex4(p + 2);
  if (unit < 0) return stop(c, p);
  if ((unit & 0xF800) == 0xD800) *flags |= JSON_SURROGATE;
  return p + 6;
}

/* Finds the first fault of the string at p, byte by byte. */
static const char *find_fault(Check *c, const char *p) {
  unsigned flags = 0;
  while (p < c->end && *p != '"' && (unsigned char)*p >= 0x20) {
    const char *behind = *p == '\\' ? check_escape(c, p, &flags) : p + 1;
    if (behind == NULL) return NULL;
    p = behind;
  }
  return stop(c, p);
}

/* The escapes in [from, to), offsets in the line. Returns their flags, or -1. */
static int check_escapes(Check *c, size_t from, size_t to) {
  unsigned flags = 0;
  for (size_t w = from / 64; w <= to / 64; w++) {
    uint64_t slash = c->word[w].slash;
    if (w == from / 64) slash &= ~0ull << from % 64;
    if (w == to / 64) slash &= (1ull << to % 64) - 1;
    for (; slash != 0; slash &= slash - 1)
      if (check_escape(c, c->begin + w * 64 + (unsigned)__builtin_ctzll(slash), &flags) == NULL) return -1;
  }
  return (int)flags;
}

/* A string that does not end in the word it begins in, or holds more than plain ASCII.
** p is behind the opening quote. */
static const char *check_long_string(Check *c, const char *p, JsonValue *v) {
  size_t from = (size_t)(p - c->begin), w = from / 64;
  uint64_t mask = ~0ull << from % 64, quote, slash = 0, control = 0, high = 0;
  for (; (quote = c->word[w].quote & mask) == 0; w++, mask = ~0ull) {
    slash |= c->word[w].slash & mask;
    control |= c->word[w].control & mask;
    high |= c->word[w].high & mask;
  }
  mask &= quote ^ (quote - 1);   /* up to the quote */
  slash |= c->word[w].slash & mask;
  control |= c->word[w].control & mask;
  high |= c->word[w].high & mask;
  size_t to = w * 64 + (unsigned)__builtin_ctzll(quote);
  if (control != 0 || to >= (size_t)(c->end - c->begin)) return find_fault(c, p);
  int flags = slash != 0 ? check_escapes(c, from, to) : 0;
  if (flags < 0) return find_fault(c, p);
  if (high == 0) flags |= JSON_ASCII;
  *v = (JsonValue){ span_of(p, to - from), JSON_STRING, (uint8_t)flags };
  return c->begin + to + 1;
}

/* p is behind the opening quote. The sentinel word's quotes lie past the end, and so do not count
** as a plain end here. */
static inline const char *check_string(Check *c, const char *p, JsonValue *v) {
  size_t from = (size_t)(p - c->begin);
  const JsonWord *w = &c->word[from / 64];
  uint64_t mask = ~0ull << from % 64, quote = w->quote & mask;
  mask &= quote - 1;             /* up to the quote, if there is one, and it counts itself out */
  if (quote == 0 || ((w->slash | w->control | w->high) & mask & ~quote) != 0) return check_long_string(c, p, v);
  size_t len = (unsigned)__builtin_ctzll(quote) - from % 64;
  if (p + len >= c->end) return find_fault(c, p);
  *v = (JsonValue){ span_of(p, len), JSON_STRING, JSON_ASCII };
  return p + len + 1;
}

static const char *check_digits(Check *c, const char *p) {
  const char *begin = p;
  while (p < c->end && *p >= '0' && *p <= '9') p++;
  return p > begin ? p : stop(c, p);
}

static const char *check_number(Check *c, const char *p) {
  if (*p == '-') p++;
  if (p < c->end && *p == '0') p++;
  else if ((p = check_digits(c, p)) == NULL) return NULL;
  if (p < c->end && *p == '.' && (p = check_digits(c, p + 1)) == NULL) return NULL;
  if (p < c->end && (*p | 0x20) == 'e') {
    p++;
    if (p < c->end && (*p == '+' || *p == '-')) p++;
    p = check_digits(c, p);
  }
  return p;
}

static const char *check_word(Check *c, const char *p, const char *word) {
  for (; *word != '\0'; word++, p++)
    if (p >= c->end || *p != *word) return stop(c, p);
  return p;
}

/* A number or a word. */
static const char *check_scalar(Check *c, const char *p, JsonValue *v) {
  const char *begin = p;
  JsonKind kind = JSON_NUMBER;
  switch (*p) {
    case 't': kind = JSON_TRUE, p = check_word(c, p, "true"); break;
    case 'f': kind = JSON_FALSE, p = check_word(c, p, "false"); break;
    case 'n': kind = JSON_NULL, p = check_word(c, p, "null"); break;
    case '-': case '0': case '1': case '2': case '3': case '4':
    case '5': case '6': case '7': case '8': case '9': p = check_number(c, p); break;
    default: return stop(c, p);
  }
  if (p != NULL) *v = (JsonValue){ span_of(begin, (size_t)(p - begin)), (uint8_t)kind, 0 };
  return p;
}

/* ---- the machine ---- */

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

/* One value from p on, into doc->root, with the root's members where it is an object. *end gets
** the place behind it, or that of the fault.
** `object` has bit d for the container at depth d + 1; in_object is that of the innermost.
** One function, though long: each state goes straight to the next, and all of them live in registers. */
static JsonStatus check_value(Check *c, JsonDoc *doc, const char *p, const char **end) {
  uint64_t object[JSON_MAX_DEPTH / 64] = { 0 };
  int depth = 0, in_object = 0;
  JsonStatus status = JSON_MALFORMED;
  JsonValue other, *v = &doc->root;      /* where the value that is due goes */
  const char *container[2] = { p, p };   /* where the root, and the root's member, begin */
  p = skip_space(c, p);
  container[0] = p;

value_due:
  if (p >= c->end) goto fail;
  if (*p == '"') {
    p = check_string(c, p + 1, v);
    if (p == NULL) goto fail_in_token;
    goto value_ended;
  }
  if (*p == '{' || *p == '[') {
    int opens_object = *p == '{';
    if (depth == JSON_MAX_DEPTH) {
      status = JSON_TOO_DEEP;
      goto fail;
    }
    if (depth < 2) container[depth] = p;
    uint64_t bit = 1ull << depth % 64;
    object[depth / 64] = opens_object ? object[depth / 64] | bit : object[depth / 64] & ~bit;
    depth++;
    in_object = opens_object;
    p = skip_space(c, p + 1);
    if (p < c->end && *p == (in_object ? '}' : ']')) goto close;
    if (in_object) goto key_due;
    v = &other;
    goto value_due;
  }
  p = check_scalar(c, p, v);
  if (p == NULL) goto fail_in_token;

value_ended:
  if (depth == 0) {
    *end = p;
    return JSON_OK;
  }
  p = skip_space(c, p);
  if (p >= c->end) goto fail;
  if (*p == ',') {
    p = skip_space(c, p + 1);
    if (!in_object) goto value_due;
    goto key_due;
  }
  if (*p != (in_object ? '}' : ']')) goto fail;

close:
  p++;
  depth--;
  if (depth == 0 || (depth == 1 && object[0] & 1)) {
    v = depth == 0 ? &doc->root : &doc->member[doc->nmembers - 1].value;
    *v = (JsonValue){ span_of(container[depth], (size_t)(p - container[depth])), in_object ? JSON_OBJECT : JSON_ARRAY, 0 };
  }
  if (depth > 0) in_object = (int)(object[(depth - 1) / 64] >> (depth - 1) % 64 & 1);
  v = &other;
  goto value_ended;

key_due:
  if (p >= c->end || *p != '"') goto fail;
  v = &other;
  if (depth == 1) {
    JsonMember *m = add_member(doc);
    if (m == NULL) return JSON_NO_MEMORY;
    v = &m->key;
  }
  p = check_string(c, p + 1, v);
  if (p == NULL) goto fail_in_token;
  if (depth == 1) v = &doc->member[doc->nmembers - 1].value;
  p = skip_space(c, p);
  if (p >= c->end || *p != ':') goto fail;
  p = skip_space(c, p + 1);
  goto value_due;

fail_in_token:
  p = c->fault;
fail:
  *end = p;
  return status;
}

/* The index of the line in doc's room. Returns non-zero bits as json_index; -1: out of memory. */
static int make_index(JsonDoc *doc, Span line, size_t pad) {
  size_t words = json_index_words(line.len);
  if (words > doc->words_cap) {
    size_t cap = words + words / 2;
    free(doc->word);
    doc->words_cap = 0;
    doc->word = malloc(cap * sizeof *doc->word);
    if (doc->word == NULL) return -1;
    doc->words_cap = cap;
  }
  return json_index(line, pad, doc->word, simd_best());
}

JsonStatus json_check(JsonDoc *doc, Span line, size_t pad) {
  doc->nmembers = 0;
  doc->root = (JsonValue){ 0 };
  doc->fault = 0;
  int high = make_index(doc, line, pad);
  if (high < 0) return JSON_NO_MEMORY;
  Check c = { line.ptr, line.ptr + line.len, doc->word, NULL };
  const char *p = line.ptr;
  JsonStatus s = check_value(&c, doc, p, &p);
  if (s == JSON_OK) {
    p = skip_space(&c, p);
    if (p < c.end) s = JSON_MALFORMED;   /* something behind the value */
  }
  doc->fault = (size_t)(p - line.ptr);
  doc->ascii = !high;
  if (s == JSON_NO_MEMORY || !high || simdjson_utf8_valid(line.ptr, line.len)) return s;
  doc->fault = json_utf8_fault(line);
  return JSON_NOT_UTF8;
}

void json_doc_free(JsonDoc *doc) {
  free(doc->member);
  free(doc->word);
  *doc = (JsonDoc){ 0 };
}
