/* modules/vectors/safetensors.c - see safetensors.h */
#include "vectors/safetensors.h"

#include <inttypes.h>

#include "core/printable.h"
#include "corpus/json.h"
#include "corpus/list.h"

enum { PREFIX = 8, MAX_HEADER = 100 * 1000 * 1000, SHOWN = 80 };   /* MAX_HEADER: as the format's own library has it */

/* ---- errors: a tensor's name is the file's text ---- */

static int bad_tensor(Error *err, Span name, const char *what) {
  Buf shown = { 0 };
  int cut = name.len > SHOWN;
  if (printable(&shown, span_of(name.ptr, cut ? SHOWN : name.len), 0) != 0) {
    buf_free(&shown);
    return error_memory(err);
  }
  error_set(err, "damaged safetensors file: tensor \"%.*s%s\" %s", (int)shown.len, buf_span(&shown).ptr,
            cut ? "…" : "", what);
  buf_free(&shown);
  return -1;
}

/* ---- the numbers of a header ---- */

/* A whole number without sign, fraction or exponent. 1, or 0 if it is none or passes 64 bits. */
static int read_whole(const JsonValue *v, uint64_t *out) {
  uint64_t n = 0;
  if (v->kind != JSON_NUMBER) return 0;
  for (size_t i = 0; i < v->raw.len; i++) {
    unsigned digit = (unsigned char)v->raw.ptr[i] - '0';
    if (digit > 9 || __builtin_mul_overflow(n, UINT64_C(10), &n) || __builtin_add_overflow(n, digit, &n)) return 0;
  }
  *out = n;
  return 1;
}

/* At most max of them; how many there are, or -1 if it is no such list. */
static int read_list(const JsonValue *v, int max, uint64_t *out) {
  JsonValue item;
  int n = 0;
  if (v->kind != JSON_ARRAY) return -1;
  for (JsonIter it = json_iter(v); json_next(&it, NULL, &item); n++)
    if (n == max || !read_whole(&item, &out[n])) return -1;
  return n;
}

static int size_of(const SafeTensor *t, uint64_t *bytes) {
  uint64_t n = element_size(t->type);
  for (uint32_t d = 0; d < t->ndim; d++)
    if (__builtin_mul_overflow(n, t->shape[d], &n)) return 0;
  *bytes = n;
  return 1;
}

static int read_tensor(SafeTensor *t, const JsonValue *v, Span data, Error *err) {
  uint64_t at[2], size;
  JsonValue dtype = json_get(v, span_str("dtype")), shape = json_get(v, span_str("shape")),
            offsets = json_get(v, span_str("data_offsets"));
  if (dtype.kind != JSON_STRING) return bad_tensor(err, t->name, "has no dtype");
  t->type_name = dtype.raw;
  t->type = element_type(dtype.raw);
  int ndim = read_list(&shape, SAFETENSORS_MAX_DIMS, t->shape);
  if (ndim < 0) return bad_tensor(err, t->name, "has no shape of at most 8 whole numbers");
  t->ndim = (uint32_t)ndim;
  if (read_list(&offsets, 2, at) != 2 || at[0] > at[1])
    return bad_tensor(err, t->name, "has no data_offsets of a begin and an end");
  if (at[1] > data.len) return bad_tensor(err, t->name, "ends behind the file's end; is the file whole?");
  if (t->type != ELEMENT_OTHER && (!size_of(t, &size) || size != at[1] - at[0]))
    return bad_tensor(err, t->name, "has other bytes than its shape and dtype take");
  t->bytes = span_of(data.ptr + at[0], at[1] - at[0]);
  return 0;
}

/* ---- all of them ---- */

static int by_name(const void *x, const void *y) {
  const SafeTensor *a = x, *b = y;
  size_t least = a->name.len < b->name.len ? a->name.len : b->name.len;
  int c = memcmp(a->name.ptr, b->name.ptr, least);
  return c != 0 ? c : (a->name.len > b->name.len) - (a->name.len < b->name.len);
}

static int by_place(const void *x, const void *y) {
  const SafeTensor *a = x, *b = y;
  if (a->bytes.ptr != b->bytes.ptr) return a->bytes.ptr > b->bytes.ptr ? 1 : -1;
  if (a->bytes.len != b->bytes.len) return a->bytes.len > b->bytes.len ? 1 : -1;   /* empty ones lie before the next */
  return by_name(x, y);
}

/* No name twice; end to end over all of the data. */
static int check_layout(SafeTensors *s, Span data, Error *err) {
  const char *end = data.ptr;
  if (s->n > 0) qsort(s->tensor, s->n, sizeof *s->tensor, by_name);
  for (size_t i = 1; i < s->n; i++)
    if (span_eq(s->tensor[i - 1].name, s->tensor[i].name))
      return bad_tensor(err, s->tensor[i].name, "stands twice in the header");
  if (s->n > 0) qsort(s->tensor, s->n, sizeof *s->tensor, by_place);
  for (size_t i = 0; i < s->n; end = s->tensor[i].bytes.ptr + s->tensor[i].bytes.len, i++)
    if (s->tensor[i].bytes.ptr != end)
      return bad_tensor(err, s->tensor[i].name,
                        s->tensor[i].bytes.ptr < end ? "overlaps the one before it" : "has a gap before it");
  size_t behind = (size_t)(data.ptr + data.len - end);
  if (behind > 0)
    return error_set(err, "damaged safetensors file: %zu bytes too many behind the last tensor", behind);
  return 0;
}

static int read_header(SafeTensors *s, const JsonDoc *doc, size_t header_len, Span data, Error *err) {
  char *room = s->names = malloc(header_len + 1);
  if (room == NULL) return error_memory(err);
  for (size_t i = 0; i < doc->nmembers; i++) {
    const JsonMember *m = &doc->member[i];
    if (json_string_is(&m->key, span_str("__metadata__"))) continue;
    SafeTensor *t = LIST_PUSH(s->tensor, s->n, s->cap);
    if (t == NULL) return error_memory(err);
    *t = (SafeTensor){ .name = span_of(room, json_decode(m->key.raw, room)) };
    room += t->name.len;
    if (m->value.kind != JSON_OBJECT) return bad_tensor(err, t->name, "is no object in the header");
    if (read_tensor(t, &m->value, data, err) != 0) return -1;
  }
  return check_layout(s, data, err);
}

/* The header's length; 0 with err worded if the file does not begin as one. */
static size_t header_length(Span file, Error *err) {
  uint64_t len = 0;
  if (file.len < PREFIX + 2) return error_set(err, "no safetensors file: it has only %zu bytes", file.len), 0;
  for (int i = PREFIX - 1; i >= 0; i--) len = len << 8 | (unsigned char)file.ptr[i];
  if (len < 2 || file.ptr[PREFIX] != '{')
    return error_set(err, "no safetensors file: it does not begin with the length of a JSON header"), 0;
  if (len > MAX_HEADER)
    return error_set(err, "no safetensors file: a header of %" PRIu64 " bytes; the most is 100,000,000", len), 0;
  if (len > file.len - PREFIX)
    return error_set(err, "no whole safetensors file: header of %" PRIu64 " bytes, file of %zu", len, file.len), 0;
  return (size_t)len;
}

int safetensors_read(SafeTensors *s, Span file, Error *err) {
  JsonDoc doc = { 0 };
  *s = (SafeTensors){ 0 };
  size_t len = header_length(file, err);
  if (len == 0) return -1;
  Span header = span_of(file.ptr + PREFIX, len), data = span_of(header.ptr + len, file.len - PREFIX - len);
  JsonStatus status = json_check(&doc, header, 0);
  int result = -1;
  if (status == JSON_NO_MEMORY) error_memory(err);
  else if (status != JSON_OK || doc.root.kind != JSON_OBJECT)
    error_set(err, "damaged safetensors file: its header is no JSON object (at byte %zu)", PREFIX + doc.fault);
  else result = read_header(s, &doc, len, data, err);
  json_doc_free(&doc);
  if (result != 0) safetensors_free(s);
  return result;
}

const SafeTensor *safetensors_get(const SafeTensors *s, Span name) {
  for (size_t i = 0; i < s->n; i++)
    if (span_eq(s->tensor[i].name, name)) return &s->tensor[i];
  return NULL;
}

void safetensors_free(SafeTensors *s) {
  free(s->tensor);
  free(s->names);
  *s = (SafeTensors){ 0 };
}
