/* tests/test_diff.c - the pairs of edited texts against brute force, whatever the order of the texts and
** the number of threads. */
#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "diff/near.h"
#include "neardup/verify.h"

enum { MOST_TEXTS = 64, ROOM = 512 };

static uint64_t seed;
static uint32_t draw(uint32_t n) {
  seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)((seed >> 33) % n);
}

typedef struct Set { char room[MOST_TEXTS][ROOM]; Span span[MOST_TEXTS]; size_t n; } Set;

static void add_text(Set *s, Span text) {
  memcpy(s->room[s->n], text.ptr, text.len);
  s->span[s->n] = span_of(s->room[s->n], text.len);
  s->n++;
}

static void add_random(Set *s, size_t letters, unsigned alphabet) {
  char room[ROOM];
  for (size_t i = 0; i < letters; i++) room[i] = (char)('a' + draw(alphabet));
  add_text(s, span_of(room, letters));
}

/* A text of the other set with a few letters changed. */
static void add_edited(Set *s, const Set *of, size_t i, unsigned changes) {
  char room[ROOM];
  memcpy(room, of->span[i].ptr, of->span[i].len);
  for (unsigned c = 0; c < changes; c++) room[draw((uint32_t)of->span[i].len)] = (char)('a' + draw(26));
  add_text(s, span_of(room, of->span[i].len));
}

static double jaccard_of(Span x, Span y, unsigned shingle) {
  Grams a = { 0 }, b = { 0 };
  size_t common, all;
  if (grams_of(&a, x, shingle, 0) != 0 || grams_of(&b, y, shingle, 0) != 0) abort();
  double j = a.kind == GRAMS_WHOLE || b.kind == GRAMS_WHOLE || grams_compare(&a, &b, 0, &common, &all) <= 0
               ? 0 : (double)common / (double)all;
  grams_free(&a);
  grams_free(&b);
  return j;
}

/* Pairs by falling Jaccard, ties by the orders: of all pairs there are. */
static void brute(const Set *a, const Set *b, const uint32_t *order_a, const uint32_t *order_b, double threshold,
                  uint32_t *partner) {
  uint8_t used_a[MOST_TEXTS] = { 0 };
  double j[MOST_TEXTS][MOST_TEXTS];
  for (size_t x = 0; x < a->n; x++)
    for (size_t y = 0; y < b->n; y++) j[x][y] = jaccard_of(a->span[order_a[x]], b->span[order_b[y]], 5);
  for (size_t y = 0; y < b->n; y++) partner[y] = TEXT_NONE;
  for (;;) {
    double best = -1;
    size_t bx = 0, by = 0;
    for (size_t x = 0; x < a->n; x++)
      for (size_t y = 0; y < b->n; y++)
        if (!used_a[x] && partner[order_b[y]] == TEXT_NONE && j[x][y] >= threshold && j[x][y] > best)
          best = j[x][y], bx = x, by = y;
    if (best < 0) return;
    used_a[bx] = 1;
    partner[order_b[by]] = order_a[bx];
  }
}

static void shuffle(uint32_t *order, size_t n) {
  for (size_t i = 0; i < n; i++) order[i] = (uint32_t)i;
  for (size_t i = n; i > 1; i--) {
    size_t k = draw((uint32_t)i);
    uint32_t t = order[i - 1];
    order[i - 1] = order[k];
    order[k] = t;
  }
}

/* Bands of one slot meet whoever shares a slot: only the exact Jaccard decides. */
static NearParams wide(void) {
  return (NearParams){ .threshold = 0.5, .shingle = 5, .npasses = 1, .most = NEAR_MOST, .crowd = 1000, .rounds = 100,
                       .pass = { { .shingle = 3, .hashes = 256, .rows = 1, .from = 0, .to = 100000 } },
                       .path = simd_best() };
}

static void fill(Set *a, Set *b, unsigned alphabet) {
  a->n = b->n = 0;
  for (int i = 0; i < 28; i++) add_random(a, 3 + draw(120), alphabet);
  for (int i = 0; i < 20; i++) add_edited(b, a, draw(28), draw(8));   /* of one text several */
  for (int i = 0; i < 8; i++) add_random(b, 3 + draw(120), alphabet);
  for (int i = 0; i < 4; i++) add_edited(a, b, draw(20), draw(4));
}

static void pairs_are_those_of_all_pairs_by_falling_jaccard(void) {
  static Set a, b;
  for (unsigned at = 1; at <= 40; at++) {
    seed = at;
    uint32_t order_a[MOST_TEXTS], order_b[MOST_TEXTS], want[MOST_TEXTS], got[MOST_TEXTS];
    float jaccard[MOST_TEXTS];
    NearCounts counts;
    NearParams p = wide();
    fill(&a, &b, 4 + at % 20);
    shuffle(order_a, a.n);
    shuffle(order_b, b.n);
    brute(&a, &b, order_a, order_b, p.threshold, want);
    SpanTexts x = span_texts(a.span, a.n, 1), y = span_texts(b.span, b.n, 1);
    CHECK(near_match(&x.source, &y.source, order_a, order_b, &p, NULL, got, jaccard, &counts, NULL) == 0);
    size_t matched = 0;
    for (size_t i = 0; i < b.n; i++) {
      if (got[i] != want[i]) printf("seed %u: text %zu\n", at, i);
      CHECK(got[i] == want[i]);
      CHECK((got[i] == TEXT_NONE) == (isnan(jaccard[i]) != 0));
      matched += got[i] != TEXT_NONE;
      if (got[i] != TEXT_NONE) CHECK((float)jaccard_of(a.span[got[i]], b.span[i], 5) == jaccard[i]);
    }
    CHECK(counts.matched == matched && matched > 0);
  }
}

static void threads_and_rounds_change_nothing(void) {
  static Set a, b;
  seed = 77;
  fill(&a, &b, 6);
  uint32_t order_a[MOST_TEXTS], order_b[MOST_TEXTS], one[MOST_TEXTS], other[MOST_TEXTS];
  float jaccard[MOST_TEXTS];
  shuffle(order_a, a.n);
  shuffle(order_b, b.n);
  SpanTexts x = span_texts(a.span, a.n, 1), y = span_texts(b.span, b.n, 1);
  NearParams p = wide();
  CHECK(near_match(&x.source, &y.source, order_a, order_b, &p, NULL, one, jaccard, NULL, NULL) == 0);
  for (int threads = 2; threads <= 4; threads++) {
    Pool *pool = pool_new(threads);
    CHECK(near_match(&x.source, &y.source, order_a, order_b, &p, pool, other, jaccard, NULL, NULL) == 0);
    CHECK(memcmp(one, other, b.n * sizeof *one) == 0);
    pool_free(pool);
  }
}

static void a_text_whose_likeliest_are_taken_gets_another_in_the_next_round(void) {
  static Set a, b;
  a.n = b.n = 0;
  seed = 5;
  add_random(&a, 100, 26);
  for (int i = 0; i < 9; i++) add_edited(&a, &a, 0, 1);
  for (int i = 0; i < 10; i++) add_edited(&b, &a, 0, 1);
  uint32_t order[MOST_TEXTS], partner[MOST_TEXTS], seen = 0;
  float jaccard[MOST_TEXTS];
  for (uint32_t i = 0; i < 10; i++) order[i] = i;
  SpanTexts x = span_texts(a.span, a.n, 1), y = span_texts(b.span, b.n, 1);
  NearParams p = wide();
  NearCounts counts;
  p.most = 1;
  CHECK(near_match(&x.source, &y.source, order, order, &p, NULL, partner, jaccard, &counts, NULL) == 0);
  for (int i = 0; i < 10; i++) {
    CHECK(partner[i] < 10 && !(seen >> partner[i] & 1));
    if (partner[i] < 10) seen |= 1u << partner[i];
  }
  CHECK(counts.matched == 10 && counts.rounds > 1);
}

static void an_empty_side_matches_nothing(void) {
  static Set a;
  a.n = 0;
  seed = 3;
  add_random(&a, 50, 26);
  uint32_t order[1] = { 0 }, partner[1];
  float jaccard[1];
  SpanTexts x = span_texts(a.span, 1, 1), none = span_texts(a.span, 0, 1);
  NearParams p = wide();
  CHECK(near_match(&none.source, &x.source, order, order, &p, NULL, partner, jaccard, NULL, NULL) == 0);
  CHECK(partner[0] == TEXT_NONE);
  CHECK(near_match(&x.source, &none.source, order, order, &p, NULL, partner, jaccard, NULL, NULL) == 0);
}

int main(void) {
  RUN(pairs_are_those_of_all_pairs_by_falling_jaccard);
  RUN(threads_and_rounds_change_nothing);
  RUN(a_text_whose_likeliest_are_taken_gets_another_in_the_next_round);
  RUN(an_empty_side_matches_nothing);
  return check_done();
}
