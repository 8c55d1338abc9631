/* modules/text/fold.c - see fold.h
**
** The portable path takes one code point at a time. The AVX2 path takes 32 bytes: it lower-cases
** them, finds white space and punctuation as bit masks, works out which bytes fall away (white
** space behind white space, seen through dropped punctuation by one addition with carry), and
** stores the block whole where none does, else run by run. A block is cut before its first byte
** above 0x7F, which the portable path takes. */
#include "text/fold.h"

#include "core/utf8.h"
#include "text/fold_table.h"

typedef struct Fold {
  char *out;
  size_t n;            /* bytes written */
  uint32_t space;      /* 1: the last thing kept was a blank, or nothing was kept yet */
  unsigned wide;       /* some byte written is above 0x7F */
  uint8_t drop;        /* FOLD_PUNCTUATION when that falls away */
} Fold;

/* Bytes of the code point at s[0..len), len > 0, into *cp; 0 if they are no UTF-8. */
static size_t decode(const unsigned char *s, size_t len, uint32_t *cp) {
  if (s[0] < 0xC2) return 0;
  if (s[0] < 0xE0) {
    if (len < 2 || (s[1] & 0xC0) != 0x80) return 0;
    *cp = (uint32_t)(s[0] & 0x1F) << 6 | (s[1] & 0x3F);
    return 2;
  }
  if (s[0] < 0xF0) {
    if (len < 3 || (s[1] & 0xC0) != 0x80 || (s[2] & 0xC0) != 0x80) return 0;
    *cp = (uint32_t)(s[0] & 0x0F) << 12 | (uint32_t)(s[1] & 0x3F) << 6 | (s[2] & 0x3F);
    return *cp < 0x800 || (*cp & ~0x7FFu) == 0xD800 ? 0 : 3;
  }
  if (s[0] > 0xF4 || len < 4 || (s[1] & 0xC0) != 0x80 || (s[2] & 0xC0) != 0x80 ||
      (s[3] & 0xC0) != 0x80)
    return 0;
  *cp = (uint32_t)(s[0] & 7) << 18 | (uint32_t)(s[1] & 0x3F) << 12 |
        (uint32_t)(s[2] & 0x3F) << 6 | (s[3] & 0x3F);
  return *cp < 0x10000 || *cp > 0x10FFFF ? 0 : 4;
}

static const FoldRecord *record_of(uint32_t cp) {
  if (cp >= FOLD_TABLE_END) return &fold_records[0];
  return &fold_records[fold_stage2[fold_stage1[cp >> 7]][cp & 127]];
}

uint32_t fold_char(uint32_t cp) { return (uint32_t)((int32_t)cp + record_of(cp)->delta); }

/* Takes one code point (or one byte that starts none) and returns its bytes. */
static size_t fold_one(Fold *f, const unsigned char *s, size_t len) {
  uint32_t cp = s[0];
  size_t used = 1;
  if (cp >= 0x80) {
    used = decode(s, len, &cp);
    if (used == 0) {
      f->out[f->n++] = (char)s[0];
      f->space = 0;
      f->wide = 1;
      return 1;
    }
  }
  const FoldRecord *r = record_of(cp);
  if (r->flags & f->drop) return used;
  if (r->flags & FOLD_SPACE) {
    if (!f->space) f->out[f->n++] = ' ';
    f->space = 1;
    return used;
  }
  size_t made = utf8_put(f->out + f->n, (uint32_t)((int32_t)cp + r->delta));
  f->n += made;
  f->wide |= made > 1;
  f->space = 0;
  return used;
}

static void fold_portable(Fold *f, const unsigned char *s, size_t len) {
  for (size_t i = 0; i < len;) i += fold_one(f, s + i, len - i);
}

#ifdef SIMD_X86
#include <immintrin.h>

/* Shuffles that tell ASCII punctuation (P*): for the low nibble of a byte a bit for each high
** nibble under which it is some, and for the high nibble its bit. */
typedef struct Classes { __m256i low, high; } Classes;

/* The bits of !"#%&'()*,-./ (2), :;? (3), @ (4), [\]_ (5) and {} (7) by low nibble, as fold_table.h has them: made once,
** since sentences are folded one by one. */
static const unsigned char PUNCTUATION_LOW[16] = { 16, 4, 4, 4, 0, 4, 4, 4, 4, 4, 12, 168, 36, 164, 4, 44 };
static const unsigned char NIBBLE_HIGH[16] = { 1, 2, 4, 8, 16, 32, 64, 128 };

__attribute__((target("avx2"))) static inline Classes punctuation_classes(void) {
  __m256i l = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)PUNCTUATION_LOW));
  __m256i h = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)NIBBLE_HIGH));
  return (Classes){ l, h };
}

__attribute__((target("avx2"))) static inline uint32_t punctuation_mask(Classes c, __m256i v) {
  __m256i nibble = _mm256_set1_epi8(15);
  __m256i low = _mm256_shuffle_epi8(c.low, _mm256_and_si256(v, nibble));
  __m256i high =
      _mm256_shuffle_epi8(c.high, _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble));
  __m256i none = _mm256_cmpeq_epi8(_mm256_and_si256(low, high), _mm256_setzero_si256());
  return ~(uint32_t)_mm256_movemask_epi8(none);
}

/* Stores the bytes of v whose bit in keep is set; room for 32 bytes behind the last of them. */
__attribute__((target("avx2"))) static inline void store_kept(Fold *f, __m256i v, uint32_t keep) {
  char block[64];
  _mm256_storeu_si256((__m256i *)block, v);
  _mm256_storeu_si256((__m256i *)(block + 32), v);
  uint64_t left = keep;
  while (left != 0) {
    unsigned start = (unsigned)__builtin_ctzll(left);
    unsigned run = (unsigned)__builtin_ctzll(~(left >> start));
    __m256i part = _mm256_loadu_si256((const __m256i *)(block + start));
    _mm256_storeu_si256((__m256i *)(f->out + f->n), part);
    f->n += run;
    left &= ~(((UINT64_C(1) << run) - 1) << start);
  }
}

__attribute__((target("avx2"))) static void fold_avx2(Fold *f, const unsigned char *s,
                                                      size_t len) {
  const __m256i before_a = _mm256_set1_epi8('A' - 1), behind_z = _mm256_set1_epi8('Z' + 1);
  const __m256i blank = _mm256_set1_epi8(' ');
  Classes punctuation = { _mm256_setzero_si256(), _mm256_setzero_si256() };
  if (f->drop) punctuation = punctuation_classes();
  unsigned char last[32] = { 0 };
  for (size_t i = 0; i < len;) {
    unsigned whole = len - i < 32 ? (unsigned)(len - i) : 32;
    if (whole < 32) memcpy(last, s + i, whole);
    __m256i v = _mm256_loadu_si256((const __m256i *)(whole < 32 ? last : s + i));
    uint32_t high = (uint32_t)_mm256_movemask_epi8(v);
    unsigned n = high == 0 ? 32 : (unsigned)__builtin_ctz(high);
    if (n > whole) n = whole;
    if (n > 0) {
      uint32_t in = n == 32 ? 0xFFFFFFFFu : (1u << n) - 1;
      /* 9..13 and 28..32: both are five values from a start, compared unsigned */
      __m256i tab = _mm256_sub_epi8(v, _mm256_set1_epi8(9));
      __m256i fs = _mm256_sub_epi8(v, _mm256_set1_epi8(28));
      __m256i four = _mm256_set1_epi8(4);
      __m256i space = _mm256_or_si256(_mm256_cmpeq_epi8(_mm256_min_epu8(tab, four), tab),
                                      _mm256_cmpeq_epi8(_mm256_min_epu8(fs, four), fs));
      __m256i upper =
          _mm256_and_si256(_mm256_cmpgt_epi8(v, before_a), _mm256_cmpgt_epi8(behind_z, v));
      __m256i low = _mm256_or_si256(v, _mm256_and_si256(upper, blank));   /* ' ' is the case bit */
      low = _mm256_blendv_epi8(low, blank, space);
      uint64_t w = (uint32_t)_mm256_movemask_epi8(space) & in;
      uint64_t p = f->drop ? punctuation_mask(punctuation, v) & in : 0;
      /* bit i: what stands before byte i, dropped punctuation apart, is white space */
      uint64_t after = w << 1 | f->space;
      after |= p ^ (p + (after & p));
      uint32_t gone = (uint32_t)(p | (w & after));
      f->space = (uint32_t)(after >> n & 1);
      if (gone == 0) {
        _mm256_storeu_si256((__m256i *)(f->out + f->n), low);
        f->n += n;
      } else {
        store_kept(f, low, in & ~gone);
      }
      i += n;
    }
    if (n < whole)
      do i += fold_one(f, s + i, len - i);
      while (i < len && s[i] >= 0x80);
  }
}
#endif

size_t fold_text_path(SimdPath path, char *out, Span text, int flags, int *ascii) {
  Fold f = { .out = out, .space = 1,
             .drop = flags & FOLD_DROP_PUNCTUATION ? FOLD_PUNCTUATION : 0 };
  const unsigned char *s = (const unsigned char *)text.ptr;
#ifdef SIMD_X86
  if (simd_avx2(path)) fold_avx2(&f, s, text.len);
  else
#endif
    fold_portable(&f, s, text.len);
  (void)path;
  if (f.n > 0 && f.out[f.n - 1] == ' ') f.n--;
  if (ascii != NULL && f.wide) *ascii = 0;
  return f.n;
}

size_t fold_text(char *out, Span text, int flags, int *ascii) {
  return fold_text_path(simd_best(), out, text, flags, ascii);
}

const char *fold_unicode_version(void) { return FOLD_UNICODE_VERSION; }
