/* tests/test_join.c - the exact join against all pairs, each by its exact Jaccard. */
#include <stdlib.h>

#include "check.h"
#include "neardup/join.h"
#include "neardup/verify.h"

static uint64_t seed;
static uint32_t draw(uint32_t n) {
  seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)((seed >> 33) % n);
}

typedef struct Made { char *room; Span *span; size_t n; } Made;

/* Texts of up to `most` bytes in families: strangers, copies, and near copies with some letters
** changed in one place or all over. `wide`: some of two bytes. */
static Made make_texts(size_t n, size_t most, unsigned alphabet, int wide) {
  Made m = { malloc(n * most * 2), malloc(n * sizeof(Span)), n };
  for (size_t i = 0; i < n; i++) {
    char *room = m.room + i * most * 2;
    size_t len = 0;
    if (i > 0 && draw(3) > 0) {
      Span from = m.span[draw((uint32_t)i)];
      memcpy(room, from.ptr, from.len);
      len = from.len;
      for (uint32_t e = draw(1 + (uint32_t)len / 20); e > 0 && len > 0; e--) {
        size_t at = draw((uint32_t)len);
        if (!(room[at] & 0x80)) room[at] = (char)('a' + draw(alphabet));
      }
      if (draw(4) == 0) len -= draw(1 + (uint32_t)len / 12);
      while (len > 0 && len < from.len && (from.ptr[len] & 0xC0) == 0x80) len--;
    } else {
      for (size_t letters = draw((uint32_t)most - 2); len < letters;) {
        if (wide && draw(5) == 0) {
          memcpy(room + len, "\xC3\xA9", 2);
          len += 2;
        } else {
          room[len++] = (char)('a' + draw(alphabet));
        }
      }
    }
    m.span[i] = span_of(room, len);
  }
  return m;
}

static void made_free(Made *m) {
  free(m->room);
  free(m->span);
}

/* All pairs of texts that are no copies, by the definition; in the order of the join's. */
static size_t brute_pairs(const Made *m, const JoinParams *p, const uint32_t *same, TextPair *out) {
  Grams *g = calloc(m->n, sizeof *g);
  GramTable t = { 0 };
  size_t found = 0;
  for (size_t i = 0; i < m->n; i++) CHECK(grams_of(&g[i], m->span[i], p->shingle, 0) == 0);
  for (uint32_t a = 0; a < m->n; a++) {
    if (same[a] != TEXT_NONE) continue;
    CHECK(gram_table_fill(&t, &g[a]) == 0);
    for (uint32_t b = a + 1; b < m->n; b++) {
      size_t common, all;
      if (same[b] != TEXT_NONE || (p->centre != NULL && !p->centre[a] && !p->centre[b])) continue;
      CHECK(gram_table_compare(&t, &g[b], 0, &common, &all) == 1);
      double jaccard = (double)common / (double)all;
      if (jaccard >= p->threshold) out[found++] = (TextPair){ a, b, jaccard };
    }
  }
  for (size_t i = 0; i < m->n; i++) grams_free(&g[i]);
  free(g);
  gram_table_free(&t);
  return found;
}

static void brute_copies(const Made *m, uint32_t *same) {
  Grams a = { 0 }, b = { 0 };
  for (uint32_t i = 0; i < m->n; i++) {
    same[i] = TEXT_NONE;
    grams_of(&a, m->span[i], 5, 0);
    for (uint32_t k = 0; k < i && same[i] == TEXT_NONE; k++) {
      grams_of(&b, m->span[k], 5, 0);
      if (a.len == b.len && memcmp(a.text, b.text, a.len) == 0) same[i] = k;
    }
  }
  grams_free(&a);
  grams_free(&b);
}

static int same_pairs(const Join *j, const TextPair *want, size_t n) {
  if (j->npairs != n) return 0;
  for (size_t i = 0; i < n; i++)
    if (j->pair[i].a != want[i].a || j->pair[i].b != want[i].b || j->pair[i].jaccard != want[i].jaccard)
      return 0;
  return 1;
}

static void check_join(const Made *m, JoinParams *p, Pool *pool) {
  uint32_t *same = malloc((m->n + 1) * sizeof *same);
  TextPair *want = malloc((m->n * m->n / 2 + 1) * sizeof *want);
  brute_copies(m, same);
  for (size_t i = 0; p->centre != NULL && i < m->n; i++)   /* a copy stands for the first */
    if (same[i] != TEXT_NONE) ((uint8_t *)p->centre)[same[i]] |= p->centre[i];
  size_t n = brute_pairs(m, p, same, want);
  SpanTexts texts = span_texts(m->span, m->n, 1);
  static const JoinWay ways[] = { JOIN_GROUPS, JOIN_PAIRWISE, JOIN_CHEAPER };
  for (int w = 0; w < 3; w++) {
    Join got;
    Error err;
    p->way = ways[w];
    p->path = draw(2) ? simd_best() : SIMD_PORTABLE;
    CHECK(join_find(&texts.source, p, pool, &got, &err) == 0);
    CHECK(memcmp(got.same, same, m->n * sizeof *same) == 0);
    CHECK(same_pairs(&got, want, n));
    join_free(&got);
  }
  free(same);
  free(want);
}

static const double thresholds[] = { 0.8, 0.5, 2.0 / 3, 0.9, 0.95, 0.75, 1, 0.3, 0.8, 0.6 };

static void every_pair_and_no_other_is_found(void) {
  seed = 1;
  for (int round = 0; round < 60; round++) {
    static const size_t lengths[] = { 12, 40, 100, 300, 1000 };
    Made m = make_texts(30 + draw(120), lengths[round % 5], 2 + draw(25), round % 3 == 0);
    JoinParams p = { .shingle = 1 + draw(9), .threshold = thresholds[draw(10)], .room = draw(2) ? 0 : 64 + draw(20000) };
    uint8_t *centre = malloc(m.n);
    for (size_t i = 0; i < m.n; i++) centre[i] = draw(3) == 0;
    if (round % 4 == 3) p.centre = centre;
    Pool *pool = pool_new(1 + (int)draw(4));
    check_join(&m, &p, pool);
    pool_free(pool);
    free(centre);
    made_free(&m);
  }
}

static void texts_of_ten_thousand_bytes_too(void) {
  seed = 2;
  for (int round = 0; round < 8; round++) {
    Made m = make_texts(60, 10000, 20, round % 2);
    JoinParams p = { .shingle = 5, .threshold = thresholds[round] };
    check_join(&m, &p, NULL);
    made_free(&m);
  }
}

static void a_pair_right_at_the_threshold_is_found(void) {
  Span s[] = { span_str("abcdefgh"), span_str("abcdefghi"), span_str("abc"), span_str("ABC "), span_str("") };
  SpanTexts texts = span_texts(s, 5, 1);   /* 4 shingles, all among 5: 0.8 */
  JoinParams p = { .shingle = 5, .threshold = 0.8, .way = JOIN_GROUPS };
  Join got;
  Error err;
  CHECK(join_find(&texts.source, &p, NULL, &got, &err) == 0);
  CHECK(got.npairs == 1 && got.pair[0].a == 0 && got.pair[0].b == 1 && got.pair[0].jaccard == 0.8);
  CHECK(got.same[3] == 2 && got.same[4] == TEXT_NONE);
  join_free(&got);
  p.threshold = 0.8000001;
  CHECK(join_find(&texts.source, &p, NULL, &got, &err) == 0);
  CHECK(got.npairs == 0);
  join_free(&got);
  CHECK(join_find(&(SpanTexts){ .source = { 0, 0, texts.source.fields } }.source, &p, NULL, &got, &err) == 0);
  join_free(&got);
}

static void an_interrupt_ends_the_join(void) {
  seed = 3;
  Made m = make_texts(300, 300, 20, 0);
  SpanTexts texts = span_texts(m.span, m.n, 1);
  JoinParams p = { .shingle = 5, .threshold = 0.8 };
  Join got;
  Error err;
  interrupt_raise();
  CHECK(join_find(&texts.source, &p, NULL, &got, &err) == POOL_INTERRUPTED && got.pair == NULL);
  interrupt_clear();
  made_free(&m);
}

int main(void) {
  RUN(every_pair_and_no_other_is_found);
  RUN(texts_of_ten_thousand_bytes_too);
  RUN(a_pair_right_at_the_threshold_is_found);
  RUN(an_interrupt_ends_the_join);
  return check_done();
}
