/* modules/export/rejection.c - see rejection.h */
#include "export/rejection.h"

#include <openssl/evp.h>

#include "core/json_out.h"
#include "corpus/evidence.h"
#include "export/splice.h"

#define KEY "_rejection"

/* {"_rejection": …, "_raw": "…"} or "_raw_base64" */
static int write_raw(Buf *out, const Row *r) {
  Span bytes = row_bytes(r);
  if (buf_str(out, "{\"" KEY "\":") != 0 || evidence_rejection(out, r->view, r->index) != 0) return -1;
  if (corpus_row_state(r->corpus, r->index) != ROW_NOT_UTF8 && json_utf8_fault(bytes) == bytes.len) {
    if (buf_str(out, ",\"_raw\":") != 0 || json_out_string(out, bytes) != 0) return -1;
    return buf_char(out, '}');
  }
  if (buf_str(out, ",\"_raw_base64\":\"") != 0 || buf_reserve(out, bytes.len / 3 * 4 + 8) != 0) return -1;
  if (bytes.len > INT32_MAX) return -1;
  out->len += (size_t)EVP_EncodeBlock((unsigned char *)out->ptr + out->len, (const unsigned char *)bytes.ptr, (int)bytes.len);
  return buf_str(out, "\"}");
}

static int is_not_key(const void *ctx, const JsonMember *m) {
  (void)ctx;
  return !json_string_is(&m->key, span_str(KEY));
}

/* Its letters stand in the bytes as they are, or some of them as \u00XX. */
static int has_key(Span bytes) {
  if (memmem(bytes.ptr, bytes.len, KEY, sizeof KEY - 1) == NULL && memmem(bytes.ptr, bytes.len, "\\u00", 4) == NULL) return 0;
  JsonValue root = json_value(bytes);
  JsonMember m;
  for (JsonIter it = json_iter(&root); json_next(&it, &m.key, &m.value);)
    if (!is_not_key(NULL, &m)) return 1;
  return 0;
}

/* The common case needs no look inside: the object's last byte is its brace. */
static int write_behind(Buf *out, const Row *r) {
  Span bytes = row_bytes(r);
  size_t end = bytes.len;
  while (end > 0 && bytes.ptr[end - 1] != '}') end--;
  size_t last = end - 1;
  while (last > 0 && strchr(" \t\r\n", bytes.ptr[last - 1]) != NULL) last--;
  int empty = bytes.ptr[last - 1] == '{';
  if (buf_add(out, bytes.ptr, end - 1) != 0) return -1;
  if (buf_str(out, empty ? "\"" KEY "\":" : ",\"" KEY "\":") != 0) return -1;
  if (evidence_rejection(out, r->view, r->index) != 0) return -1;
  return buf_add(out, bytes.ptr + end - 1, bytes.len - end + 1);
}

static int write_instead(Buf *out, const Row *r) {
  Buf b = { 0 };
  int bad = evidence_rejection(&b, r->view, r->index);
  Member add = { span_str(KEY), buf_span(&b) };
  Rewrite w = { .base = row_bytes(r), .keep = is_not_key, .add = &add, .nadd = 1 };
  if (bad == 0) bad = splice_rewrite(out, &w);
  buf_free(&b);
  return bad;
}

static int write_ref(Buf *out, const Row *r) {
  if (buf_str(out, "{\"" KEY "\":") != 0 || evidence_rejection(out, r->view, r->index) != 0) return -1;
  return buf_char(out, '}');
}

int rejection_write(Buf *out, const Row *r, int refs) {
  if (refs) return write_ref(out, r);
  if (!row_is_json(r)) return write_raw(out, r);
  return has_key(row_bytes(r)) ? write_instead(out, r) : write_behind(out, r);
}
