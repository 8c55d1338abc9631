/* modules/text/tokens.c - see tokens.h.
**
** Counting takes 64 bytes at a time: a bit for every byte of white space; a word starts where a
** byte is none and the one before it is. A block goes by characters instead when it holds a byte
** that may begin Unicode white space or a script without spaces: 0xC2, or 0xE0 and up. Latin,
** Greek, Cyrillic, Hebrew and Arabic letters have other bytes and stay on the fast path. */
#include "text/tokens.h"

#include "text/chars.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* What stands before the next character. */
typedef enum State { AFTER_SPACE, IN_WORD, AFTER_UNSPACED } State;

/* Whether c begins a token in state *s, which moves on. */
static int step(State *s, uint32_t c) {
  switch (chars_kind(c)) {
    case CHAR_SPACE: *s = AFTER_SPACE; return 0;
    case CHAR_UNSPACED: *s = AFTER_UNSPACED; return 1;
    case CHAR_CJK_POINT: *s = AFTER_UNSPACED; return 0;
    case CHAR_MARK:
      if (*s != AFTER_SPACE) return 0;
      *s = AFTER_UNSPACED;
      return 1;
    case CHAR_WORD: break;
  }
  if (*s == IN_WORD || (*s == AFTER_UNSPACED && !chars_in_word(c))) return 0;
  *s = IN_WORD;
  return 1;
}

/* Counts by characters from *at until it is at or behind end. */
static size_t count_chars(Span text, size_t *at, size_t end, State *s) {
  size_t n = 0;
  while (*at < end) {
    uint32_t c = chars_decode(text.ptr, text.len, *at, at);
    n += (size_t)step(s, c);
  }
  return n;
}

#ifdef __SSE2__
static inline unsigned bits_set(uint64_t x) {
  x -= x >> 1 & 0x5555555555555555u;
  x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
  return (unsigned)(((x + (x >> 4)) & 0x0F0F0F0F0F0F0F0Fu) * 0x0101010101010101u >> 56);
}

/* Bits of the white space among 64 bytes; *care tells of bytes that need a closer look. */
static inline uint64_t block_spaces(const char *p, int *care) {
  uint64_t spaces = 0;
  __m128i odd = _mm_setzero_si128();
#pragma GCC unroll 4
  for (int k = 0; k < 4; k++) {
    __m128i v = _mm_loadu_si128((const __m128i *)(p + 16 * k));
    __m128i tabs = _mm_sub_epi8(v, _mm_set1_epi8(9));        /* 9 … 13: 0 … 4 */
    __m128i blanks = _mm_sub_epi8(v, _mm_set1_epi8(0x1C));   /* 28 … 32: 0 … 4 */
    __m128i low = _mm_min_epu8(tabs, blanks);
    __m128i space = _mm_cmpeq_epi8(_mm_min_epu8(low, _mm_set1_epi8(4)), low);
    __m128i high = _mm_and_si128(v, _mm_cmpgt_epi8(v, _mm_set1_epi8((char)0xDF)));   /* signed */
    odd = _mm_or_si128(odd, _mm_or_si128(high, _mm_cmpeq_epi8(v, _mm_set1_epi8((char)0xC2))));
    spaces |= (uint64_t)(unsigned)_mm_movemask_epi8(space) << (16 * k);
  }
  *care = _mm_movemask_epi8(odd);
  return spaces;
}

size_t tokens_count(Span text) {
  size_t n = 0, at = 0;
  State state = AFTER_SPACE;
  while (at < text.len) {
    char tail[64];
    const char *p = text.ptr + at;
    size_t len = text.len - at < 64 ? text.len - at : 64;
    if (len < 64) {
      memset(tail, ' ', sizeof tail);
      memcpy(tail, p, len);
      p = tail;
    }
    int care;
    uint64_t spaces = block_spaces(p, &care);
    if (care || state == AFTER_UNSPACED) {
      n += count_chars(text, &at, at + len, &state);
      continue;
    }
    n += bits_set(~spaces & (spaces << 1 | (state == AFTER_SPACE)));
    state = spaces >> 63 ? AFTER_SPACE : IN_WORD;
    at += len;
  }
  return n;
}
#else
size_t tokens_count(Span text) {
  size_t at = 0;
  State state = AFTER_SPACE;
  return count_chars(text, &at, text.len, &state);
}
#endif

Span tokens_next(Span text, size_t *at) {
  State state = AFTER_SPACE;
  size_t start = 0, next, i = *at;
  int inside = 0;
  /* A token ends where the next begins, at white space or at CJK punctuation. */
  if (i > 0 && i < text.len) {           /* what stands before, for punctuation behind a character */
    size_t before = i - 1;
    while (before > 0 && ((unsigned char)text.ptr[before] & 0xC0) == 0x80) before--;
    CharKind kind = chars_kind(chars_decode(text.ptr, text.len, before, &next));
    state = kind == CHAR_SPACE ? AFTER_SPACE : AFTER_UNSPACED;
  }
  for (; i < text.len; i = next) {
    uint32_t c = chars_decode(text.ptr, text.len, i, &next);
    int begins = step(&state, c);
    CharKind kind = chars_kind(c);
    if (inside && (begins || kind == CHAR_SPACE || kind == CHAR_CJK_POINT)) break;
    if (begins) {
      start = i;
      inside = 1;
    } else if (inside && state == AFTER_UNSPACED && kind == CHAR_WORD) {
      break;                             /* punctuation that counts nothing */
    }
  }
  *at = i;
  return inside ? span_of(text.ptr + start, i - start) : span_of(NULL, 0);
}

Span words_next(Span text, size_t *at) {
  size_t start = *at, next;
  while (start < text.len && chars_is_space(chars_decode(text.ptr, text.len, start, &next)))
    start = next;
  size_t end = start;
  while (end < text.len && !chars_is_space(chars_decode(text.ptr, text.len, end, &next))) end = next;
  *at = end;
  return end > start ? span_of(text.ptr + start, end - start) : span_of(NULL, 0);
}

Span shingles_next(Span text, size_t n, size_t *at) {
  size_t i = *at, next = i, k = 0;
  if (i >= text.len) return span_of(NULL, 0);
  while (k < n && next < text.len) {
    chars_decode(text.ptr, text.len, next, &next);
    k++;
  }
  if (k < n && i > 0) {
    *at = text.len;
    return span_of(NULL, 0);
  }
  size_t second;
  chars_decode(text.ptr, text.len, i, &second);
  *at = next == text.len ? text.len : second;   /* the last shingle ends the walk */
  return span_of(text.ptr + i, next - i);
}

Span token_shingles_next(Span text, size_t n, size_t *at) {
  const int first_one = *at == 0;
  Span first = tokens_next(text, at), last = first;
  size_t next = *at, k = 1;
  if (first.ptr == NULL) return first;
  for (; k < n; k++) {
    Span token = tokens_next(text, &next);
    if (token.ptr == NULL) break;
    last = token;
  }
  if (k < n) {
    *at = text.len;
    if (!first_one) return span_of(NULL, 0);
  }
  return span_of(first.ptr, (size_t)(last.ptr + last.len - first.ptr));
}
