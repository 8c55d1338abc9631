/* modules/corpus/json_index.c - see json_index.h */
#include "corpus/json_index.h"

#ifdef SIMD_X86
#include <immintrin.h>
#endif

typedef struct Raw { uint64_t quote, slash, control, high; } Raw;

#ifdef SIMD_X86
/* SSE2 is there on every x86-64: it is the portable path of this kernel. */
static inline Raw raw_base(const char *p) {
  Raw r = { 0 };
  for (int i = 0; i < 4; i++) {
    __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
    uint64_t quote = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(x, _mm_set1_epi8('"')));
    uint64_t slash = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(x, _mm_set1_epi8('\\')));
    uint64_t below = (unsigned)_mm_movemask_epi8(_mm_cmplt_epi8(x, _mm_set1_epi8(0x20)));   /* signed: high too */
    uint64_t high = (unsigned)_mm_movemask_epi8(x);
    r.quote |= quote << 16 * i;
    r.slash |= slash << 16 * i;
    r.control |= (below & ~high) << 16 * i;
    r.high |= high << 16 * i;
  }
  return r;
}

__attribute__((target("avx2"))) static inline Raw raw_avx2(const char *p) {
  Raw r = { 0 };
  for (int i = 0; i < 2; i++) {
    __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32 * i));
    uint64_t quote = (unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(x, _mm256_set1_epi8('"')));
    uint64_t slash = (unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(x, _mm256_set1_epi8('\\')));
    uint64_t below = (unsigned)_mm256_movemask_epi8(_mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), x));
    uint64_t high = (unsigned)_mm256_movemask_epi8(x);
    r.quote |= quote << 32 * i;
    r.slash |= slash << 32 * i;
    r.control |= (below & ~high) << 32 * i;
    r.high |= high << 32 * i;
  }
  return r;
}
#else
static inline Raw raw_base(const char *p) {
  Raw r = { 0 };
  for (int i = 0; i < 64; i++) {
    unsigned char c = (unsigned char)p[i];
    r.quote |= (uint64_t)(c == '"') << i;
    r.slash |= (uint64_t)(c == '\\') << i;
    r.control |= (uint64_t)(c < 0x20) << i;
    r.high |= (uint64_t)(c >> 7) << i;
  }
  return r;
}
#endif

/* Bytes behind an odd run of backslashes. *carry: the byte before this word began an escape. */
static inline uint64_t escaped_bytes(uint64_t slash, uint64_t *carry) {
  const uint64_t even = 0x5555555555555555u;
  slash &= ~*carry;
  uint64_t follows = slash << 1 | *carry;
  uint64_t odd_starts = slash & ~even & ~follows, sequences;
  *carry = __builtin_add_overflow(odd_starts, slash, &sequences);
  return (even ^ sequences << 1) & follows;
}

static inline JsonWord finish_word(Raw r, uint64_t *carry) {
  if ((r.slash | *carry) != 0) {
    uint64_t escaped = escaped_bytes(r.slash, carry);
    r.quote &= ~escaped;
    r.slash &= ~escaped;
  }
  return (JsonWord){ r.quote, r.slash, r.control, r.high };
}

/* The last, partial word: from a copy if the bytes past the line must not be read. */
static Raw last_raw(const char *p, size_t n, size_t pad) {
  char copy[64] = { 0 };
  if (n + pad < 64) {
    memcpy(copy, p, n);
    p = copy;
  }
  Raw r = raw_base(p);
  uint64_t keep = (1ull << n) - 1;
  return (Raw){ r.quote & keep, r.slash & keep, r.control & keep, r.high & keep };
}

static int finish_index(Span line, size_t pad, JsonWord *word, uint64_t carry, uint64_t high) {
  size_t whole = line.len / 64;
  word[whole] = finish_word(last_raw(line.ptr + whole * 64, line.len % 64, pad), &carry);
  word[whole + 1] = (JsonWord){ .quote = ~0ull };
  return (high | word[whole].high) != 0;
}

#define INDEX_WITH(raw) do { \
    uint64_t carry = 0, high = 0; \
    for (size_t i = 0; i < line.len / 64; i++) { \
      word[i] = finish_word(raw(line.ptr + i * 64), &carry); \
      high |= word[i].high; \
    } \
    return finish_index(line, pad, word, carry, high); \
  } while (0)

#ifdef SIMD_X86
__attribute__((target("avx2"))) static int index_avx2(Span line, size_t pad, JsonWord *word) { INDEX_WITH(raw_avx2); }
#endif
static int index_base(Span line, size_t pad, JsonWord *word) { INDEX_WITH(raw_base); }

int json_index(Span line, size_t pad, JsonWord *word, SimdPath path) {
#ifdef SIMD_X86
  if (simd_avx2(path)) return index_avx2(line, pad, word);
#endif
  (void)path;
  return index_base(line, pad, word);
}
