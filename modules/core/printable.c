/* modules/core/printable.c - see printable.h */
#include "core/printable.h"

typedef struct Range { uint32_t first, last; } Range;

/* Code points that change how their neighbours look, or that nobody can see. */
static const Range hidden[] = {
  { 0x007F, 0x009F },     /* DEL, C1 */
  { 0x00AD, 0x00AD },     /* soft hyphen */
  { 0x034F, 0x034F },     /* combining grapheme joiner */
  { 0x061C, 0x061C },     /* Arabic letter mark */
  { 0x115F, 0x1160 },     /* Hangul fillers */
  { 0x17B4, 0x17B5 },
  { 0x180B, 0x180F },     /* Mongolian selectors */
  { 0x200B, 0x200F },     /* zero width, direction marks */
  { 0x2028, 0x202E },     /* separators, bidirectional embeddings */
  { 0x2060, 0x206F },     /* joiners, isolates */
  { 0x3164, 0x3164 },
  { 0xFE00, 0xFE0F },     /* variation selectors */
  { 0xFEFF, 0xFEFF },     /* byte order mark */
  { 0xFFA0, 0xFFA0 },
  { 0xFFF9, 0xFFFB },
  { 0x1BCA0, 0x1BCA3 },
  { 0x1D173, 0x1D17A },
  { 0xE0000, 0xE0FFF }    /* tags, more selectors */
};

static int is_hidden(uint32_t c) {
  for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
    if (hidden[i].first <= c && c <= hidden[i].last) return 1;
  return 0;
}

/* The code point at s and its bytes (1..4); 0 bytes where there is no well-formed one. */
static size_t decode(const unsigned char *s, size_t left, uint32_t *c) {
  size_t n = s[0] < 0x80 ? 1 : s[0] < 0xC2 ? 0 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : s[0] < 0xF5 ? 4 : 0;
  if (n == 0 || n > left) return 0;
  uint32_t v = n == 1 ? s[0] : s[0] & (0xFFu >> (n + 1));
  for (size_t i = 1; i < n; i++) {
    if ((s[i] & 0xC0) != 0x80) return 0;
    v = v << 6 | (s[i] & 0x3F);
  }
  static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
  if (v < least[n] || v > 0x10FFFF || (0xD800 <= v && v <= 0xDFFF)) return 0;
  *c = v;
  return n;
}

static int escape(Buf *out, uint32_t c, int flags) {
  if ((flags & PRINTABLE_LINES) && (c == '\n' || c == '\t')) return buf_char(out, (char)c);
  if (c == '\n') return buf_str(out, "\\n");
  if (c == '\t') return buf_str(out, "\\t");
  if (c == '\r') return buf_str(out, "\\r");
  return c < 0x80 ? buf_printf(out, "\\x%02x", (unsigned)c) : buf_printf(out, "\\u{%x}", (unsigned)c);
}

int printable(Buf *out, Span text, int flags) {
  const unsigned char *s = (const unsigned char *)text.ptr;
  size_t from = 0, i = 0;
  int r = 0;
  while (i < text.len && r == 0) {
    uint32_t c = 0;
    size_t n = decode(s + i, text.len - i, &c);
    if (n > 0 && c >= 0x20 && (c < 0x7F || !is_hidden(c))) {
      i += n;
      continue;
    }
    if (i > from) r = buf_add(out, s + from, i - from);
    if (r == 0) r = n > 0 ? escape(out, c, flags) : buf_printf(out, "\\x%02x", s[i]);
    i += n > 0 ? n : 1;
    from = i;
  }
  if (r == 0 && i > from) r = buf_add(out, s + from, i - from);
  return r;
}
