/* modules/embed/wordpiece.c - cutting texts: see wordpiece.h
**
** A run is what stands between ASCII white space and ASCII punctuation. Most runs are short words that were seen
** before: their first 16 bytes, in lower case, are the key of a small table of what they were cut into. Others, and
** those with control characters, go the long way, code point by code point. */
#include "embed/wordpiece.h"

#include <stdlib.h>

#include "core/utf8.h"
#include "embed/bert_table.h"
#include "embed/wordpiece_inside.h"
#include "text/chars.h"
#include "text/fold.h"

static unsigned class_of(uint32_t cp) { return bert_stage2[bert_stage1[cp >> 7]][cp & 127]; }

ByteKind byte_kind(unsigned byte) {
  if (byte >= 0x80) return BYTE_HIGH;
  unsigned class = class_of(byte);
  if (class & BERT_DROP) return BYTE_CONTROL;
  if (class & BERT_SPACE) return BYTE_SPACE;
  return class & BERT_PUNCTUATION ? BYTE_PUNCTUATION : BYTE_ALNUM;
}

uint32_t wordpiece_count(const Wordpiece *t) { return t->count; }
uint32_t wordpiece_unknown(const Wordpiece *t) { return t->unknown; }

/* ---- a word into pieces ---- */

/* At most one piece a byte. */
static size_t cut(const Wordpiece *t, const char *word, size_t len, uint32_t *piece) {
  size_t n = 0;
  for (size_t at = 0, end = 0; at < len; at = end) {
    uint32_t node = at == 0 ? 0 : t->trie.inner, best = PIECE_NONE;
    for (size_t i = at; i < len; i++) {
      node = trie_child(&t->trie, node, (unsigned char)word[i]);
      if (node == PIECE_NONE) break;
      if (t->trie.piece[node] != PIECE_NONE) {
        best = t->trie.piece[node];
        end = i + 1;
      }
    }
    if (best == PIECE_NONE) {
      piece[0] = t->unknown;
      return 1;
    }
    piece[n++] = best;
  }
  return n;
}

/* ---- the long way ---- */

typedef struct Word {
  size_t len, chars;                   /* chars past max_chars are counted, not stored */
  char text[WORDPIECE_MAX_CHARS * 4];
} Word;

static void word_add(const Wordpiece *t, Word *w, uint32_t cp) {
  if (++w->chars <= t->max_chars) w->len += utf8_put(w->text + w->len, cp);
}

static size_t word_end(const Wordpiece *t, Word *w, uint32_t *piece) {
  size_t n = 0;
  if (w->chars > t->max_chars) piece[n++] = t->unknown;
  else if (w->chars > 0) n = cut(t, w->text, w->len, piece);
  w->len = w->chars = 0;
  return n;
}

/* A code point that is a word by itself. */
static size_t word_alone(const Wordpiece *t, Word *w, uint32_t cp, uint32_t *piece) {
  size_t n = word_end(t, w, piece);
  word_add(t, w, cp);
  return n + word_end(t, w, piece + n);
}

static size_t decompose_hangul(uint32_t cp, uint32_t to[3]) {
  uint32_t s = cp - 0xAC00, last = s % 28;             /* The Unicode Standard, 3.12 */
  to[0] = 0x1100 + s / 588;
  to[1] = 0x1161 + s % 588 / 28;
  to[2] = 0x11A7 + last;
  return last == 0 ? 2 : 3;
}

static size_t decompose(uint32_t cp, unsigned class, uint32_t to[3]) {
  if (cp - 0xAC00u < 11172u) return decompose_hangul(cp, to);
  if (class & BERT_MARK) return 0;
  to[0] = cp;
  if ((class & BERT_DECOMPOSED) == 0) return 1;
  size_t low = 0, high = BERT_DECOMPOSED_COUNT, n = 0;
  while (high - low > 1) {
    size_t mid = low + (high - low) / 2;
    if (bert_decomposed[mid].from <= cp) low = mid;
    else high = mid;
  }
  for (; n < 3 && bert_decomposed[low].to[n] != 0; n++) to[n] = bert_decomposed[low].to[n];
  return n;
}

/* What a code point is after the accents and the case; how many. */
static size_t normalize(const Wordpiece *t, uint32_t cp, unsigned class, uint32_t to[3]) {
  size_t n = 1;
  to[0] = cp;
  if (t->strip) n = decompose(cp, class, to);
  else if (t->lower && cp == 0x130) return to[0] = 'i', to[1] = 0x307, 2;     /* the one whose full lower case is two */
  for (size_t i = 0; t->lower && i < n; i++) to[i] = fold_char(to[i]);
  return n;
}

/* The pieces that a code point completes: at most those of a word and 6. */
static size_t take(const Wordpiece *t, Word *w, uint32_t cp, uint32_t *piece) {
  uint32_t to[3];
  unsigned class = class_of(cp);
  if (t->clean && (class & BERT_DROP)) return 0;
  if (class & BERT_SPACE) return word_end(t, w, piece);
  size_t n = 0, made = normalize(t, cp, class, to);
  int alone = t->chinese && (class & BERT_CHINESE);
  for (size_t i = 0; i < made; i++) {
    if (alone || (class_of(to[i]) & BERT_PUNCTUATION)) n += word_alone(t, w, to[i], piece + n);
    else word_add(t, w, to[i]);
  }
  return n;
}

/* Room for the pieces of one more word and what may stand behind it. */
static size_t room_for_one(const Wordpiece *t) { return (size_t)t->max_chars + 8; }

/* The run at text[*at], as far as there is room for its words. */
static size_t cut_run(const Wordpiece *t, Span text, size_t *at, uint32_t *piece, size_t room) {
  Word w;
  size_t n = 0, i = *at;
  w.len = w.chars = 0;
  while (i < text.len && t->kind[(unsigned char)text.ptr[i]] <= BYTE_CONTROL) {
    if (w.chars == 0 && n + room_for_one(t) > room) break;
    n += take(t, &w, chars_decode(text.ptr, text.len, i, &i), piece + n);
  }
  *at = i;
  return n + word_end(t, &w, piece + n);
}

/* ---- what is remembered ---- */

enum { BUCKET_BITS = 15, WAYS = 2, HEAD = 16, KEPT = 3 };

typedef struct Known {
  uint64_t key[2];              /* the run in lower case (where the file says so), zeros behind; zero: free */
  uint32_t piece[KEPT + 1];     /* the last is how many */
} Known;

typedef struct Bucket { Known way[WAYS]; } Bucket;   /* the younger first; one line of the CPU's cache */

struct WordpieceCache {
  SimdPath path;
  Bucket *bucket;               /* [1 << BUCKET_BITS], 64-byte aligned, inside memory */
  void *memory;
};

WordpieceCache *wordpiece_cache_new(SimdPath path) {
  WordpieceCache *c = malloc(sizeof *c);
  if (c == NULL) return NULL;
  c->path = path;
  c->memory = calloc(((size_t)1 << BUCKET_BITS) + 1, sizeof(Bucket));
  c->bucket = (Bucket *)(((uintptr_t)c->memory + sizeof(Bucket) - 1) & ~(uintptr_t)(sizeof(Bucket) - 1));
  if (c->memory != NULL) return c;
  free(c);
  return NULL;
}

void wordpiece_cache_free(WordpieceCache *c) {
  if (c == NULL) return;
  free(c->memory);
  free(c);
}

/* The beginning of a run, of 16 bytes. */
typedef struct Head {
  uint64_t key[2];
  unsigned len;                 /* bytes before the first that is neither letter, digit nor above 0x7F; at most 16 */
} Head;

static Head head_portable(const Wordpiece *t, const char *p) {
  char key[HEAD] = { 0 };
  Head h = { .len = 0 };
  while (h.len < HEAD && t->kind[(unsigned char)p[h.len]] <= BYTE_HIGH) {
    char c = p[h.len];
    key[h.len++] = (char)(t->lower && c >= 'A' && c <= 'Z' ? c + 32 : c);
  }
  memcpy(h.key, key, sizeof h.key);
  return h;
}

#ifdef SIMD_X86
#include <emmintrin.h>

static const char KEPT_BYTES[2 * HEAD] = { -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1 };

/* Bytes of v from `from` to from + span. */
static inline __m128i within(__m128i v, char from, char span) {
  __m128i x = _mm_sub_epi8(v, _mm_set1_epi8(from));
  return _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(span)), x);
}

static inline Head head_sse2(const Wordpiece *t, const char *p) {
  Head h;
  __m128i v = _mm_loadu_si128((const __m128i *)p), case_bit = _mm_set1_epi8(0x20);
  __m128i small = _mm_or_si128(v, case_bit);
  __m128i inside = _mm_or_si128(_mm_or_si128(within(small, 'a', 25), within(v, '0', 9)), v);   /* the top bit counts */
  h.len = (unsigned)__builtin_ctz(~(unsigned)_mm_movemask_epi8(inside));
  if (t->lower) v = _mm_or_si128(v, _mm_and_si128(within(v, 'A', 25), case_bit));
  v = _mm_and_si128(v, _mm_loadu_si128((const __m128i *)(KEPT_BYTES + HEAD - h.len)));
  _mm_storeu_si128((__m128i *)h.key, v);
  return h;
}
#endif

static inline Head head_of(const Wordpiece *t, const WordpieceCache *c, const char *p) {
#ifdef SIMD_X86
  if (c->path != SIMD_PORTABLE) return head_sse2(t, p);
#endif
  (void)c;
  return head_portable(t, p);
}

static inline Bucket *bucket_of(const WordpieceCache *c, const Head *h) {
  uint64_t x = (h->key[0] ^ h->key[1] * UINT64_C(0xC2B2AE3D27D4EB4F)) * UINT64_C(0x9E3779B97F4A7C15);
  return &c->bucket[x >> (64 - BUCKET_BITS)];
}

/* Cuts a run that was not remembered, whole, and remembers it. */
static size_t learn(const Wordpiece *t, Bucket *b, const Head *h, Span run, uint32_t *piece, size_t room) {
  size_t at = 0, n = cut_run(t, run, &at, piece, room);
  if (n > KEPT || at < run.len) return n;
  b->way[1] = b->way[0];
  Known *k = &b->way[0];
  memcpy(k->key, h->key, sizeof k->key);
  memcpy(k->piece, piece, n * sizeof *piece);
  k->piece[KEPT] = (uint32_t)n;
  return n;
}

/* The pieces of a run that its head holds; KEPT + 1 numbers of piece are written whatever it has. */
static inline size_t recall(const Wordpiece *t, WordpieceCache *c, const Head *h, Span run, uint32_t *piece,
                            size_t room) {
  Bucket *b = bucket_of(c, h);
  for (int i = 0; i < WAYS; i++) {
    const Known *k = &b->way[i];
    if (k->key[0] != h->key[0] || k->key[1] != h->key[1]) continue;
    memcpy(piece, k->piece, sizeof k->piece);
    return k->piece[KEPT];
  }
  return learn(t, b, h, run, piece, room);
}

/* ---- a text ---- */

/* The piece at an ASCII punctuation character, and the bytes that it takes. */
static size_t punctuation(const Wordpiece *t, Span text, size_t at, uint32_t *piece) {
  unsigned char c = (unsigned char)text.ptr[at];
  size_t best = 0;
  *piece = t->punctuation[c];
  for (size_t i = 0; t->starts[c] && i < t->nadded; i++) {
    Span a = t->added[i].text;
    if (a.len <= best || a.len > text.len - at || memcmp(a.ptr, text.ptr + at, a.len) != 0) continue;
    best = a.len;
    *piece = t->added[i].piece;
  }
  return best > 0 ? best : 1;
}

size_t wordpiece_pieces(const Wordpiece *t, WordpieceCache *c, Span text, size_t *from, uint32_t *piece, size_t room) {
  /* the last bytes again, so that 16 can always be read */
  char tail[2 * HEAD] = { 0 };
  size_t at = *from, n = 0, cut_off = text.len < HEAD ? 0 : text.len - HEAD, need = room_for_one(t);
  if (text.len > 0) memcpy(tail, text.ptr + cut_off, text.len - cut_off);
  while (at < text.len && n + need <= room) {
    uint8_t kind = t->kind[(unsigned char)text.ptr[at]];
    if (kind == BYTE_SPACE) {
      at++;
      continue;
    }
    if (kind == BYTE_PUNCTUATION) {
      at += punctuation(t, text, at, &piece[n]);
      n++;
      continue;
    }
    Head h = head_of(t, c, at < cut_off ? text.ptr + at : tail + (at - cut_off));
    size_t end = at + h.len;
    if (h.len == 0 || h.len == HEAD || (end < text.len && t->kind[(unsigned char)text.ptr[end]] == BYTE_CONTROL)) {
      n += cut_run(t, text, &at, piece + n, room - n);
      continue;
    }
    n += recall(t, c, &h, span_of(text.ptr + at, h.len), piece + n, room - n);
    at = end;
    if (at < text.len && text.ptr[at] == ' ') at++;
  }
  *from = at;
  return n;
}
