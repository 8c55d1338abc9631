/* modules/text/chars.h - characters as the text rules see them: decoding, white space, scripts
** written without spaces, what stands inside a word. Ranges bear their Unicode 15 names.
** Everything here is safe on bytes that are no UTF-8: a bad byte is one character, U+FFFD. */
#ifndef TAMIS_CHARS_H
#define TAMIS_CHARS_H

#include "core/span.h"

/* Decodes the character at s[i], i < len; *next is the index behind it. */
static inline uint32_t chars_decode(const char *s, size_t len, size_t i, size_t *next) {
  const unsigned char *p = (const unsigned char *)s + i;
  size_t left = len - i;
  if (p[0] < 0x80) { *next = i + 1; return p[0]; }
  if (p[0] >= 0xC2 && p[0] < 0xE0 && left >= 2 && (p[1] & 0xC0) == 0x80) {
    *next = i + 2;
    return (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu);
  }
  if ((p[0] & 0xF0) == 0xE0 && left >= 3 && (p[1] & 0xC0) == 0x80 && (p[2] & 0xC0) == 0x80) {
    uint32_t c = (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
    if (c >= 0x800 && (c < 0xD800 || c > 0xDFFF)) { *next = i + 3; return c; }
  }
  if ((p[0] & 0xF8) == 0xF0 && left >= 4 && (p[1] & 0xC0) == 0x80 && (p[2] & 0xC0) == 0x80 &&
      (p[3] & 0xC0) == 0x80) {
    uint32_t c = (p[0] & 0x07u) << 18 | (p[1] & 0x3Fu) << 12 | (p[2] & 0x3Fu) << 6 | (p[3] & 0x3Fu);
    if (c >= 0x10000 && c <= 0x10FFFF) { *next = i + 4; return c; }
  }
  *next = i + 1;
  return 0xFFFD;
}

/* Unicode White_Space, and U+001C to U+001F. */
static inline int chars_is_space(uint32_t c) {
  if (c < 0x80) return c == ' ' || c - 9u < 5u || c - 0x1Cu < 4u;
  return c == 0x85 || c == 0xA0 || c == 0x1680 || c - 0x2000u <= 0xAu || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

static inline int chars_is_alnum_ascii(uint32_t c) {
  return c - '0' < 10u || (c | 0x20) - 'a' < 26u;
}

/* What a character is to a token counter. */
typedef enum CharKind {
  CHAR_SPACE,       /* ends a word */
  CHAR_WORD,        /* part of a white-space word, punctuation included */
  CHAR_UNSPACED,    /* a character of a script written without spaces: a token */
  CHAR_MARK,        /* a combining mark of such a script: belongs to the character before it */
  CHAR_CJK_POINT    /* CJK punctuation: no token, ends a word */
} CharKind;

CharKind chars_kind(uint32_t c);
/* Letters, digits, underscore; of the characters past ASCII all but punctuation and space. */
int chars_in_word(uint32_t c);
/* Whether all len bytes are UTF-8 (RFC 3629). */
int chars_valid(const char *s, size_t len);
/* Code points in valid UTF-8. */
size_t chars_count(const char *s, size_t len);

#endif
