/* tests/test_spans.c - repeated spans against plain comparison of all windows, and the rows they
** stand in. */
#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "neardup/spans.h"

static uint64_t seed;
static uint32_t draw(uint32_t n) {
  seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)((seed >> 33) % n);
}

enum { TEXTS = 24, STRINGS = 3, LEN = 600, TOKENS = STRINGS * LEN };

/* The definition, window by window. share, rejected and covered[token] of each text. */
typedef struct Plain { double share[TEXTS]; int rejected[TEXTS]; uint8_t covered[TEXTS][TOKENS]; } Plain;

static int in_piece(const Words *w, size_t from, unsigned n) {
  for (size_t p = 0; p < w->npieces; p++)
    if (w->piece[p] <= from && from + n <= w->piece[p + 1]) return 1;
  return 0;
}

static int same_tokens(const Words *a, size_t i, const Words *b, size_t k, unsigned n) {
  for (unsigned t = 0; t < n; t++)
    if (!span_eq(words_at(a, i + t), words_at(b, k + t))) return 0;
  return 1;
}

static void judge_plainly(const Words *w, size_t n, const SpanParams *p, Plain *out) {
  int kept[TEXTS] = { 0 };
  memset(out, 0, sizeof *out);
  for (int turn = 0; turn < 2; turn++)
    for (size_t i = 0; i < n; i++) {
      int first = p->first != NULL && p->first[i];
      if (first != (turn == 0)) continue;
      for (size_t f = 0; f < w[i].n; f++) {
        int found = 0;
        if (!in_piece(&w[i], f, p->tokens)) continue;
        for (size_t o = 0; o < n && !found; o++)
          for (size_t g = 0; kept[o] && g < w[o].n && !found; g++)
            found = in_piece(&w[o], g, p->tokens) && same_tokens(&w[i], f, &w[o], g, p->tokens);
        for (unsigned t = 0; found && t < p->tokens; t++) out->covered[i][f + t] = 1;
      }
      size_t covered = 0;
      for (size_t f = 0; f < w[i].n; f++) covered += out->covered[i][f];
      out->share[i] = w[i].n > 0 ? (double)covered / (double)w[i].n : 0;
      out->rejected[i] = out->share[i] > p->max_share && !first;
      kept[i] = !out->rejected[i];
    }
}

static void spans_are_those_of_plain_comparison(void) {
  static char room[TEXTS][STRINGS][LEN];
  static Plain want;
  size_t found = 0, rejected = 0;
  seed = 71;
  for (int round = 0; round < 12; round++) {
    Span s[TEXTS * STRINGS];
    uint8_t first[TEXTS];
    unsigned alphabet = 2 + draw(40);
    for (int i = 0; i < TEXTS; i++) {
      first[i] = draw(8) == 0;
      for (int f = 0; f < STRINGS; f++) {
        size_t n = 0, most = draw(3) == 0 ? draw(LEN - 20) : draw(80);
        while (n < most) n += (size_t)sprintf(room[i][f] + n, "%c%s%s", 'A' + (int)draw(alphabet), draw(9) ? "" : "\xC3\xA9", draw(5) ? " " : "  ");
        if (i > 0 && draw(2) == 0) {   /* a piece of another text */
          const char *from = room[draw((uint32_t)i)][draw(STRINGS)];
          size_t len = strlen(from), at = len > 0 ? draw((uint32_t)len) : 0, take = len - at;
          while (at > 0 && from[at] != ' ') at--;
          if (take > LEN - 1 - n) take = LEN - 1 - n;
          memmove(room[i][f] + n, from + at, take);
          n += take;
          while (n > 0 && room[i][f][n - 1] != ' ') n--;   /* on a word's border */
        }
        room[i][f][n] = '\0';
        s[i * STRINGS + f] = span_of(room[i][f], n);
      }
    }
    SpanTexts t = span_texts(s, TEXTS, STRINGS);
    SpanParams p = { .tokens = 2 + draw(12), .max_share = draw(3) ? draw(100) / 100.0 : 1, .first = draw(2) ? first : NULL };
    Words w[TEXTS] = { 0 };
    for (size_t i = 0; i < TEXTS; i++) CHECK(words_read(&t.source, i, 0, 0, &w[i]) == 0 && w[i].n < TOKENS);
    judge_plainly(w, TEXTS, &p, &want);
    for (int turn = 0; turn < 4; turn++) {   /* the last: strangers share hashes all the time */
      Spans got;
      Error err;
      p.hash_mask = turn == 3 && round % 4 == 0 ? UINT64_C(0xE000000000000003) : 0;
      Pool *pool = turn == 0 ? NULL : pool_new(1 + turn * 3 % 7);
      CHECK(spans_find(&t.source, &p, pool, &got, &err) == 0);
      for (size_t i = 0; i < TEXTS; i++) {
        uint8_t covered[TOKENS] = { 0 };
        for (uint32_t k = 0; k < got.count[i]; k++) {
          const RepeatedSpan *r = &got.span[got.first[i] + k];
          CHECK(r->twin != i && !got.rejected[r->twin] && same_tokens(&w[i], r->from, &w[r->twin], r->twin_from, p.tokens));
          for (uint32_t m = r->from; m < r->to; m++) covered[m] = 1;
          found++;
        }
        CHECK(memcmp(covered, want.covered[i], sizeof covered) == 0);
        CHECK(got.share[i] == want.share[i] && got.rejected[i] == want.rejected[i]);
        rejected += got.rejected[i];
      }
      spans_free(&got);
      pool_free(pool);
    }
    for (size_t i = 0; i < TEXTS; i++) words_free(&w[i]);
  }
  CHECK(found > 300 && rejected > 50);
}

static void the_top_span_stands_in_most_texts(void) {
  Span s[] = { span_str("we are open from nine to five on every weekday of the year, thanks"),
               span_str("hello, WE are open  from nine to five on every weekday of the year"),
               span_str("nothing of the kind stands here but other words that no row says twice"),
               span_str("we are open from nine to five on every weekday of the month"),
               span_str("no row says twice but other words") };
  SpanTexts t = span_texts(s, 5, 1);
  SpanParams p = { .tokens = 4, .max_share = 1 };
  Spans got;
  Error err;
  CHECK(spans_find(&t.source, &p, NULL, &got, &err) == 0);
  CHECK(got.ntop == 2 && got.top[0].texts == 3 && got.top[0].text == 0 && got.top[0].from == 0 && got.top[0].to == 12);
  CHECK(got.count[1] == 1 && got.span[got.first[1]].from == 1 && got.span[got.first[1]].to == 13);
  CHECK(got.count[4] == 1 && got.span[got.first[4]].twin == 2 && fabs(got.share[4] - 4 / 7.0) < 1e-12);
  spans_free(&got);
}

static void bare_words_lose_their_punctuation_and_keep_their_place(void) {
  Span s = span_str("  \"Don't\" - he said \xE2\x80\x94 pay $2.50, now! ");
  SpanTexts t = span_texts(&s, 1, 1);
  Words w = { 0 };
  static const char *const want[] = { "dont", "he", "said", "pay", "$250", "now" };
  static const uint32_t nth[] = { 0, 2, 3, 5, 6, 7 };
  CHECK(words_read(&t.source, 0, 0, WORDS_BARE, &w) == 0 && w.n == 6);
  for (size_t i = 0; i < w.n; i++) CHECK(span_eq(words_at(&w, i), span_str(want[i])) && w.nth[i] == nth[i]);
  WordsPlace place;
  CHECK(words_place(s, 6, 6, &place) == 0 && place.begin == 28 && place.end == 34 && place.next == 35);
  CHECK(words_place(s, 7, 7, &place) == 0 && place.next == s.len);
  CHECK(words_place(s, 8, 8, &place) == -1);
  words_free(&w);
}

int main(void) {
  RUN(spans_are_those_of_plain_comparison);
  RUN(the_top_span_stands_in_most_texts);
  RUN(bare_words_lose_their_punctuation_and_keep_their_place);
  return check_done();
}
