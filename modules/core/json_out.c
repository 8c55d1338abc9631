/* modules/core/json_out.c - see json_out.h */
#include "core/json_out.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Length of the well-formed UTF-8 sequence at s (1..4); 0 if there is none (RFC 3629). */
static size_t utf8_len(const unsigned char *s, size_t left) {
  if (s[0] < 0x80) return 1;
  if (s[0] < 0xC2 || s[0] > 0xF4) return 0;
  size_t n = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
  if (left < n) return 0;
  for (size_t i = 1; i < n; i++)
    if ((s[i] & 0xC0) != 0x80) return 0;
  if (s[0] == 0xE0 && s[1] < 0xA0) return 0;
  if (s[0] == 0xED && s[1] > 0x9F) return 0;
  if (s[0] == 0xF0 && s[1] < 0x90) return 0;
  if (s[0] == 0xF4 && s[1] > 0x8F) return 0;
  return n;
}

static int add_escape(Buf *b, unsigned char c) {
  switch (c) {
    case '"': return buf_str(b, "\\\"");
    case '\\': return buf_str(b, "\\\\");
    case '\b': return buf_str(b, "\\b");
    case '\f': return buf_str(b, "\\f");
    case '\n': return buf_str(b, "\\n");
    case '\r': return buf_str(b, "\\r");
    case '\t': return buf_str(b, "\\t");
    default: return buf_printf(b, "\\u%04x", c);
  }
}

/* How many bytes from s on are ASCII that stands for itself inside a string. */
static size_t plain_run(const unsigned char *s, size_t len) {
  size_t i = 0;
#ifdef __SSE2__
  const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), space = _mm_set1_epi8(0x1F);
  for (; i + 16 <= len; i += 16) {
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(s + i));
    __m128i odd = _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash));
    __m128i fine = _mm_andnot_si128(odd, _mm_cmpgt_epi8(v, space));   /* signed: 0x80 and up are below */
    unsigned mask = (unsigned)_mm_movemask_epi8(fine);
    if (mask != 0xFFFF) return i + (size_t)__builtin_ctz(~mask);
  }
#endif
  while (i < len && s[i] >= 0x20 && s[i] < 0x80 && s[i] != '"' && s[i] != '\\') i++;
  return i;
}

int json_out_string(Buf *b, Span text) {
  if (text.len == 0) return buf_str(b, "\"\"");
  size_t mark = b->len;
  const unsigned char *s = (const unsigned char *)text.ptr;
  int r = buf_char(b, '"');
  for (size_t i = 0, from = 0; r == 0 && i <= text.len;) {
    i += plain_run(s + i, text.len - i);
    int end = i == text.len;
    size_t n = end ? 0 : utf8_len(s + i, text.len - i);
    int plain = !end && n > 0 && s[i] >= 0x20 && s[i] != '"' && s[i] != '\\';
    if (plain) {
      i += n;
      continue;
    }
    if (i > from) r = buf_add(b, s + from, i - from);
    if (r == 0 && !end) r = n == 0 ? buf_str(b, "\xEF\xBF\xBD") : add_escape(b, s[i]);
    from = ++i;
  }
  if (r == 0) r = buf_char(b, '"');
  if (r != 0) b->len = mark;
  return r;
}

int json_out_int(Buf *b, int64_t v) { return buf_printf(b, "%" PRId64, v); }

size_t json_double_text(double v, char out[32]) {
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(out, 32, "%.*g", digits, v);
    if (strtod(out, NULL) == v) break;
  }
  size_t n = strlen(out);
  if (strpbrk(out, ".eE") == NULL) {
    memcpy(out + n, ".0", 3);
    n += 2;
  }
  return n;
}

int json_out_double(Buf *b, double v) {
  if (!isfinite(v)) return buf_str(b, "null");
  char text[32];
  return buf_add(b, text, json_double_text(v, text));
}
