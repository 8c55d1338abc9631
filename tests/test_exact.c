/* tests/test_exact.c - exact duplicates and the gold index, against brute force. */
#include <stdlib.h>

#include "check.h"
#include "neardup/exact.h"
#include "neardup/gold.h"
#include "neardup/verify.h"
#include "text/fold.h"

static uint64_t seed;
static uint32_t draw(uint32_t n) {
  seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)((seed >> 33) % n);
}

static size_t exact_of(const TextSource *src, const uint8_t *first, uint64_t mask, Pool *pool, uint32_t *twin) {
  ExactParams p = { first, mask, NULL };
  Error err;
  size_t rejected = 0;
  CHECK(exact_find(src, &p, pool, twin, &rejected, &err) == 0);
  return rejected;
}

static void case_and_white_space_do_not_count(void) {
  Span s[] = { span_str("Reset  my\npassword"), span_str(" reset my password "), span_str("reset my passwords"),
               span_str("RESET MY PASSWORD") };
  uint32_t twin[4];
  SpanTexts t = span_texts(s, 4, 1);
  CHECK(exact_of(&t.source, NULL, 0, NULL, twin) == 2);
  CHECK(twin[0] == TEXT_NONE && twin[1] == 0 && twin[2] == TEXT_NONE && twin[3] == 0);
}

static void punctuation_counts_unless_dropped(void) {
  Span s[] = { span_str("Why?"), span_str("why"), span_str("why !") };
  uint32_t twin[3];
  SpanTexts t = span_texts(s, 3, 1);
  CHECK(exact_of(&t.source, NULL, 0, NULL, twin) == 0);
  t.source.flags = FOLD_DROP_PUNCTUATION;
  CHECK(exact_of(&t.source, NULL, 0, NULL, twin) == 2);
}

static void fields_do_not_run_together(void) {
  Span s[] = { span_str("ab"), span_str("c"), span_str("a"), span_str("bc"), span_str("a\x1f" "bc"), { NULL, 0 },
               { NULL, 0 }, span_str("ab") };
  uint32_t twin[4];
  SpanTexts t = span_texts(s, 4, 2);
  CHECK(exact_of(&t.source, NULL, 0, NULL, twin) == 0);
}

static void trusted_rows_win_and_the_first_of_them(void) {
  Span s[] = { span_str("a"), span_str("A"), span_str("a "), span_str("b"), span_str("B") };
  const uint8_t first[] = { 0, 1, 1, 0, 0 };
  uint32_t twin[5];
  SpanTexts t = span_texts(s, 5, 1);
  CHECK(exact_of(&t.source, first, 0, NULL, twin) == 3);
  CHECK(twin[1] == TEXT_NONE && twin[0] == 1 && twin[2] == 1 && twin[3] == TEXT_NONE && twin[4] == 3);
}

static void hashes_that_meet_remove_nothing(void) {
  /* Only one, two … bits of the hash count, so that strangers meet all the time. */
  seed = 29;
  enum { N = 500 };
  static char room[N][4];
  Span s[N];
  uint32_t twin[N], want[N];
  for (uint64_t mask = 0; mask < 64; mask = mask * 2 + 1) {
    for (uint32_t i = 0; i < N; i++) {
      size_t n = draw(4);
      for (size_t k = 0; k < n; k++) room[i][k] = (char)('a' + draw(6));
      s[i] = span_of(room[i], n);
      want[i] = TEXT_NONE;
      for (uint32_t k = 0; k < i && want[i] == TEXT_NONE; k++)
        if (span_eq(s[k], s[i])) want[i] = k;
    }
    Pool *pool = pool_new(1 + (int)draw(3));
    SpanTexts t = span_texts(s, N, 1);
    exact_of(&t.source, NULL, mask == 0 ? UINT64_C(1) << 63 : mask, pool, twin);
    CHECK(memcmp(twin, want, sizeof twin) == 0);
    exact_of(&t.source, NULL, 0, pool, twin);
    CHECK(memcmp(twin, want, sizeof twin) == 0);
    pool_free(pool);
  }
}

/* ---- gold ---- */

static GoldMatch match_of(const Span *gold, size_t n, Span text, double threshold) {
  SpanTexts t = span_texts(gold, n, 1);
  Error err;
  GoldMatch m = { TEXT_NONE, 0, 0 };
  Grams g = { 0 };
  GoldIndex *index = gold_new(&t.source, 5, threshold, &err);
  GoldRoom *room = gold_room_new(index, 0);
  CHECK(index != NULL && room != NULL && grams_of(&g, text, 5, 0) == 0);
  CHECK(gold_match(index, room, &g, &m) == 0);
  grams_free(&g);
  gold_room_free(room);
  gold_free(index);
  return m;
}

static void gold_copies_are_exact_or_near_or_neither(void) {
  Span gold[] = { span_str("What is the capital of France?"), span_str("yes"), span_str(""), span_str("Name three rivers of Europe.") };
  GoldMatch m = match_of(gold, 4, span_str("what is  the capital of france?"), 0.8);
  CHECK(m.twin == 0 && m.exact && m.jaccard == 1);
  m = match_of(gold, 4, span_str("What is the capital of France"), 0.8);   /* 25 of 26 shingles */
  CHECK(m.twin == 0 && !m.exact && m.jaccard == 25.0 / 26);
  m = match_of(gold, 4, span_str("YES"), 0.8);
  CHECK(m.twin == 1 && m.exact);
  m = match_of(gold, 4, span_str("yeah"), 0.8);   /* shorter than a shingle: exactly or not at all */
  CHECK(m.twin == TEXT_NONE);
  m = match_of(gold, 4, span_str("  "), 0.8);      /* an empty text repeats nothing */
  CHECK(m.twin == TEXT_NONE);
  m = match_of(gold, 4, span_str("Name three mountains of Asia."), 0.8);
  CHECK(m.twin == TEXT_NONE);
}

static void every_gold_match_is_found(void) {
  seed = 31;
  enum { GOLD = 60, TEXTS = 300, LEN = 160 };
  static char gr[GOLD][LEN], tr[LEN];
  Span gold[GOLD];
  size_t matches = 0;
  for (int round = 0; round < 8; round++) {
    static const double thresholds[] = { 0.8, 0.5, 0.9, 1, 0.3, 2.0 / 3, 0.1, 0.75 };
    double threshold = thresholds[round];
    unsigned shingle = 1 + draw(9), alphabet = 2 + draw(25);
    for (int i = 0; i < GOLD; i++) {
      size_t n = draw(LEN);
      for (size_t k = 0; k < n; k++) gr[i][k] = (char)('a' + draw(alphabet));
      if (n > 2 && draw(3) == 0) memcpy(gr[i], "\xC3\xA9", 2);
      gold[i] = span_of(gr[i], n);
    }
    SpanTexts t = span_texts(gold, GOLD, 1);
    Error err;
    GoldIndex *index = gold_new(&t.source, shingle, threshold, &err);
    GoldRoom *room = gold_room_new(index, 0);
    Grams a = { 0 }, b = { 0 };
    CHECK(index != NULL && room != NULL);
    for (int i = 0; i < TEXTS; i++) {
      Span from = gold[draw(GOLD)], text = span_of(tr, from.len);
      memcpy(tr, from.ptr, from.len);
      for (uint32_t e = draw(12); e > 0 && from.len > 0; e--) {
        size_t at = draw((uint32_t)from.len);
        if ((tr[at] & 0x80) == 0) tr[at] = (char)('a' + draw(alphabet));
      }
      GoldMatch got, want = { TEXT_NONE, 0, 0 };
      CHECK(grams_of(&a, text, shingle, 0) == 0 && gold_match(index, room, &a, &got) == 0);
      for (uint32_t k = 0; k < GOLD && text.len > 0; k++) {
        size_t common, all;
        CHECK(grams_of(&b, gold[k], shingle, 0) == 0);
        if (grams_compare(&a, &b, threshold, &common, &all) != 1) continue;
        int exact = span_eq(text, gold[k]);
        double jaccard = (double)common / (double)all;
        if (want.twin == TEXT_NONE || (exact && !want.exact) || (!want.exact && jaccard > want.jaccard))
          want = (GoldMatch){ k, exact, jaccard };
      }
      matches += want.twin != TEXT_NONE;
      CHECK(got.twin == want.twin && got.exact == want.exact && (got.twin == TEXT_NONE || got.jaccard == want.jaccard));
    }
    grams_free(&a);
    grams_free(&b);
    gold_room_free(room);
    gold_free(index);
  }
  CHECK(matches > 500);
}

int main(void) {
  RUN(case_and_white_space_do_not_count);
  RUN(punctuation_counts_unless_dropped);
  RUN(fields_do_not_run_together);
  RUN(trusted_rows_win_and_the_first_of_them);
  RUN(hashes_that_meet_remove_nothing);
  RUN(gold_copies_are_exact_or_near_or_neither);
  RUN(every_gold_match_is_found);
  return check_done();
}
