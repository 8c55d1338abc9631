/* modules/vectors/npy.c - see npy.h */
#include "vectors/npy.h"

#include <inttypes.h>
#include <stdio.h>

static const char MAGIC[] = "\x93NUMPY";
enum { MAGIC_LEN = 6, HAS_DESCR = 1, HAS_ORDER = 2, HAS_SHAPE = 4 };

/* ---- a Python literal ---- */

typedef struct Literal { const char *p, *end; } Literal;

static void skip_space(Literal *l) {
  while (l->p < l->end && (*l->p == ' ' || *l->p == '\t' || *l->p == '\n' || *l->p == '\r')) l->p++;
}

/* Takes c, with white space before it, if it stands here. */
static int take(Literal *l, char c) {
  skip_space(l);
  if (l->p == l->end || *l->p != c) return 0;
  l->p++;
  return 1;
}

static int take_word(Literal *l, const char *word) {
  size_t n = strlen(word);
  skip_space(l);
  if ((size_t)(l->end - l->p) < n || memcmp(l->p, word, n) != 0) return 0;
  l->p += n;
  return 1;
}

static int take_string(Literal *l, Span *out) {
  skip_space(l);
  if (l->p == l->end || (*l->p != '\'' && *l->p != '"')) return 0;
  const char *begin = l->p + 1, *close = memchr(begin, *l->p, (size_t)(l->end - begin));
  if (close == NULL || memchr(begin, '\\', (size_t)(close - begin)) != NULL) return 0;
  *out = span_of(begin, (size_t)(close - begin));
  l->p = close + 1;
  return 1;
}

/* Python 2 wrote its longs with an L. */
static int take_whole(Literal *l, uint64_t *out) {
  uint64_t n = 0;
  skip_space(l);
  const char *begin = l->p;
  for (; l->p < l->end && *l->p >= '0' && *l->p <= '9'; l->p++)
    if (__builtin_mul_overflow(n, UINT64_C(10), &n) || __builtin_add_overflow(n, (uint64_t)(*l->p - '0'), &n))
      return 0;
  if (l->p == begin) return 0;
  if (l->p < l->end && *l->p == 'L') l->p++;
  *out = n;
  return 1;
}

/* ( ), (3,), (3, 4) */
static int take_shape(Literal *l, Npy *a) {
  if (!take(l, '(')) return 0;
  for (a->ndim = 0; !take(l, ')'); a->ndim++) {
    if (a->ndim == NPY_MAX_DIMS || !take_whole(l, &a->shape[a->ndim])) return 0;
    int comma = take(l, ',');
    if (comma) continue;
    if (a->ndim == 0 || !take(l, ')')) return 0;    /* (3) is no tuple */
    a->ndim++;
    return 1;
  }
  return 1;
}

/* A record type is a list of fields: its text is kept, nothing else is asked of it. */
static int take_record(Literal *l, Span *out) {
  int depth = 0;
  Span skipped;
  skip_space(l);
  const char *begin = l->p;
  while (l->p < l->end) {
    char c = *l->p;
    if (c == '\'' || c == '"') {
      if (!take_string(l, &skipped)) return 0;
      continue;
    }
    depth += (c == '[' || c == '(' || c == '{') - (c == ']' || c == ')' || c == '}');
    l->p++;
    if (depth > 0) continue;
    *out = span_of(begin, (size_t)(l->p - begin));
    return depth == 0 && *begin == '[';
  }
  return 0;
}

/* ---- the header ---- */

static const uint16_t ONE = 1;
static int machine_is_little(void) { return *(const unsigned char *)&ONE == 1; }

/* '<f4', '|S12', '>i8'; a date's unit, '<M8[ns]', belongs to its kind and is not read. */
static int read_descr(Npy *a) {
  Span d = a->descr;
  if (d.len < 2 || strchr("<>|=", d.ptr[0]) == NULL || d.ptr[0] == '\0') return 0;
  a->swap = d.ptr[0] == (machine_is_little() ? '>' : '<');
  a->kind = d.ptr[1];
  size_t i = 2;
  uint64_t size = 0;
  for (; i < d.len && d.ptr[i] >= '0' && d.ptr[i] <= '9'; i++)
    if ((size = size * 10 + (uint64_t)(d.ptr[i] - '0')) > (1u << 28)) return 0;
  if (i < d.len && d.ptr[i] != '[') return 0;
  a->size = (uint32_t)(a->kind == 'U' ? size * 4 : size);
  return (a->kind >= 'A' && a->kind <= 'Z') || (a->kind >= 'a' && a->kind <= 'z');
}

static int read_entry(Literal *l, Npy *a, int *has) {
  Span key;
  if (!take_string(l, &key) || !take(l, ':')) return 0;
  int which = span_eq(key, span_str("descr")) ? HAS_DESCR : span_eq(key, span_str("fortran_order")) ? HAS_ORDER
            : span_eq(key, span_str("shape")) ? HAS_SHAPE : 0;
  if (which == 0 || (*has & which) != 0) return 0;
  *has |= which;
  if (which == HAS_SHAPE) return take_shape(l, a);
  if (which == HAS_ORDER) return (a->fortran = take_word(l, "True")) || take_word(l, "False");
  return take_string(l, &a->descr) ? read_descr(a) : take_record(l, &a->descr);
}

static int read_dict(Literal *l, Npy *a) {
  int has = 0;
  if (!take(l, '{')) return 0;
  while (!take(l, '}')) {
    if (!read_entry(l, a, &has)) return 0;
    if (take(l, ',')) continue;
    if (!take(l, '}')) return 0;
    break;
  }
  skip_space(l);
  return l->p == l->end && has == (HAS_DESCR | HAS_ORDER | HAS_SHAPE);
}

int npy_is(Span head) { return head.len >= MAGIC_LEN && memcmp(head.ptr, MAGIC, MAGIC_LEN) == 0; }

int npy_read(Npy *a, Span head, Error *err) {
  const unsigned char *b = (const unsigned char *)head.ptr;
  *a = (Npy){ .ndim = 0 };
  if (!npy_is(head)) return error_set(err, "no NumPy file: it does not begin as one");
  if (head.len < 12) return error_set(err, "no whole NumPy file: it ends in its header, at byte %zu", head.len);
  if (b[6] < 1 || b[6] > 3)
    return error_set(err, "a NumPy file of format %d.%d; 1.0, 2.0 and 3.0 are read", b[6], b[7]);
  size_t prefix = b[6] == 1 ? 10 : 12;
  uint32_t len = (uint32_t)b[8] | (uint32_t)b[9] << 8;
  if (b[6] != 1) len |= (uint32_t)b[10] << 16 | (uint32_t)b[11] << 24;
  if (len > NPY_MAX_HEADER)
    return error_set(err, "its NumPy header has %" PRIu32 " bytes; at most %d are read", len, NPY_MAX_HEADER);
  if (len > head.len - prefix)
    return error_set(err, "no whole NumPy file: it ends in its header, at byte %zu", head.len);
  Literal l = { head.ptr + prefix, head.ptr + prefix + len };
  if (!read_dict(&l, a))
    return error_set(err, "its NumPy header is not what NumPy writes, at byte %zu: expected 'descr', 'fortran_order' "
                     "and 'shape'", (size_t)(l.p - head.ptr));
  a->begin = prefix + len;
  return 0;
}

/* ---- what it holds ---- */

int npy_elements(const Npy *a, Span file, Span *elements, Error *err) {
  char shape[64];
  uint64_t bytes = a->size, there = file.len - a->begin;
  int past = 0;
  for (uint32_t d = 0; d < a->ndim; d++) past |= __builtin_mul_overflow(bytes, a->shape[d], &bytes);
  if (past || bytes > there)
    return error_set(err, "the file is cut short: shape %s of '%.*s' takes %s%" PRIu64 " bytes, and %" PRIu64
                     " stand behind its header", npy_shape(a, shape), (int)a->descr.len, a->descr.ptr,
                     past ? "more than " : "", past ? UINT64_MAX : bytes, there);
  if (bytes < there)
    return error_set(err, "%" PRIu64 " bytes too many: shape %s of '%.*s' takes %" PRIu64 ", and %" PRIu64
                     " stand behind its header", there - bytes, npy_shape(a, shape), (int)a->descr.len, a->descr.ptr,
                     bytes, there);
  *elements = span_of(file.ptr + a->begin, bytes);
  return 0;
}

ElementType npy_float(const Npy *a) {
  if (a->kind != 'f') return ELEMENT_OTHER;
  return a->size == 2 ? ELEMENT_F16 : a->size == 4 ? ELEMENT_F32 : a->size == 8 ? ELEMENT_F64 : ELEMENT_OTHER;
}

char *npy_shape(const Npy *a, char out[64]) {
  size_t at = (size_t)snprintf(out, 64, "(");
  for (uint32_t d = 0; d < a->ndim; d++) {
    if (at > 36) {                      /* a number has up to 20 digits */
      at += (size_t)snprintf(out + at, 64 - at, "…");
      break;
    }
    at += (size_t)snprintf(out + at, 64 - at, "%" PRIu64 "%s", a->shape[d],
                           d + 1 < a->ndim ? ", " : a->ndim == 1 ? "," : "");
  }
  snprintf(out + at, 64 - at, ")");
  return out;
}
