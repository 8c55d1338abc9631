/* modules/vectors/packed.c - see packed.h */
#include "vectors/packed.h"

#include <math.h>

#include "vectors/element.h"

enum { SWAP = __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__, NONE = 64 };

static unsigned digit(unsigned char c) {
  if (c >= 'A' && c <= 'Z') return (unsigned)(c - 'A');
  if (c >= 'a' && c <= 'z') return (unsigned)(c - 'a') + 26;
  if (c >= '0' && c <= '9') return (unsigned)(c - '0') + 52;
  return c == '+' ? 62 : c == '/' ? 63 : NONE;
}

static size_t padding(Span t) { return t.len == 0 || t.ptr[t.len - 1] != '=' ? 0 : t.ptr[t.len - 2] != '=' ? 1 : 2; }

long packed_length(Span text) { return text.len % 4 != 0 ? -1 : (long)(text.len / 4 * 3 - padding(text)); }

int packed_decode(Span text, char *out) {
  unsigned char value[256];
  for (unsigned c = 0; c < 256; c++) value[c] = (unsigned char)digit((unsigned char)c);
  size_t pad = padding(text);
  const unsigned char *p = (const unsigned char *)text.ptr;
  for (size_t i = 0; i < text.len; i += 4) {
    size_t have = i + 4 == text.len ? 4 - pad : 4;
    unsigned bits = 0, bad = 0;
    for (size_t k = 0; k < 4; k++) {
      unsigned v = k < have ? value[p[i + k]] : 0;
      bad |= v;
      bits = bits << 6 | (v & 63);
    }
    if ((bad & NONE) != 0 || (have < 4 && (bits & (have == 3 ? 0xFFu : 0xFFFFu)) != 0)) return -1;
    for (size_t k = 0; k + 1 < have; k++) *out++ = (char)(bits >> (16 - 8 * k) & 0xFF);
  }
  return 0;
}

void packed_write(const float *x, size_t n, char *out) {
  for (size_t i = 0; i < n; i++) {
    uint32_t v;
    memcpy(&v, &x[i], sizeof v);
    if (SWAP) v = __builtin_bswap32(v);
    memcpy(out + 4 * i, &v, sizeof v);
  }
}

void packed_read(const char *bytes, size_t n, float *out) { element_floats(ELEMENT_F32, bytes, 4, n, SWAP, out); }

int packed_finite(const char *bytes, size_t n) {
  float x;
  for (size_t i = 0; i < n; i++) {
    packed_read(bytes + 4 * i, 1, &x);
    if (!isfinite(x)) return 0;
  }
  return 1;
}
