/* tests/test_grams.c - shingles of code points and of words against plain lists of them: the exact
** Jaccard, leaders and the exact join on texts of many scripts. */
#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "plain_grams.h"
#include "neardup/join.h"
#include "neardup/leaders_exact.h"
#include "neardup/mask.h"
#include "neardup/sketch.h"
#include "neardup/verify.h"

static uint64_t seed;
static uint32_t draw(uint32_t n) {
  seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)((seed >> 33) % n);
}

/* ---- texts ---- */

enum { FIELDS = 3, MOST = 600 };

/* Characters of 1 to 4 bytes, white space of all kinds, NUL, combining marks (of Latin, Thai), CJK
** punctuation, capitals whose lower case is longer, the separator of fields itself. */
static const char *const mixed[] = { "a", "b", "c", " ", " ", " ", "B", ".", ",", "\n", "\xC3\xA9", "\xC3\x89",
                                     "e\xCC\x81", "\xE4\xBD\xA0", "\xE5\xA5\xBD", "\xE3\x80\x82", "\xF0\x9F\x98\x80", "\xE0\xB8\x81",
                                     "\xE0\xB9\x87", "\xC2\xA0", "\xE3\x80\x80", "\xC8\xBA", "\x1F", NULL };
enum { MIXED = sizeof mixed / sizeof *mixed, PLAIN = 10 };   /* the first are ASCII; NULL is a NUL byte */

typedef struct Made { char *room; Span *span; size_t n, fields; } Made;

static Span make_field(char *room, int wide) {
  size_t len = 0;
  for (uint32_t k = draw(draw(6) == 0 ? 3 : 60); k > 0; k--) {
    const char *s = mixed[draw(wide ? MIXED : PLAIN)];
    size_t n = s != NULL ? strlen(s) : 1;
    memcpy(room + len, s != NULL ? s : "", n);
    len += n;
  }
  return span_of(room, len);
}

/* Texts in families: strangers, copies, and texts with a field of another's, some ASCII alone. */
static Made make_texts(size_t n, size_t fields) {
  Made m = { malloc(n * fields * MOST), malloc(n * fields * sizeof(Span)), n, fields };
  for (size_t i = 0; i < n * fields; i++) {
    uint32_t how = i >= fields ? draw(8) : 0;
    m.span[i] = make_field(m.room + i * MOST, draw(3) > 0);
    if (how >= 3) m.span[i] = m.span[draw((uint32_t)(i / fields)) * fields + i % fields];
    if (how == 3) {   /* a near copy: one more word */
      memcpy(m.room + i * MOST, m.span[i].ptr != NULL ? m.span[i].ptr : "", m.span[i].len);
      memcpy(m.room + i * MOST + m.span[i].len, " q", 2);
      m.span[i] = span_of(m.room + i * MOST, m.span[i].len + 2);
      if (m.span[i].len > MOST - 10) m.span[i].len = 0;
    }
    if (draw(20) == 0) m.span[i] = span_of(NULL, 0);
  }
  return m;
}

static void made_free(Made *m) {
  free(m->room);
  free(m->span);
}

/* ---- brute force ---- */

/* jaccard[i * n + k] of all texts. */
static double *plain_matrix(const TextSource *src, unsigned shingle) {
  double *out = malloc(src->n * src->n * sizeof *out);
  Plain *plain = malloc(src->n * sizeof *plain);
  Grams *g = calloc(src->n, sizeof *g);
  for (size_t i = 0; i < src->n; i++) {
    CHECK(text_read(src, i, 0, &g[i], shingle) == 0);
    plain_of(&g[i], src->unit, &plain[i]);
    for (size_t k = 0; k <= i; k++)
      out[i * src->n + k] = out[k * src->n + i] = plain_jaccard(&plain[i], &plain[k], shingle);
  }
  for (size_t i = 0; i < src->n; i++) grams_free(&g[i]);
  free(g);
  free(plain);
  return out;
}

/* ---- the exact Jaccard ---- */

static unsigned draw_shingle(GramUnit unit) {
  return 1 + draw(unit == GRAM_WORDS ? GRAMS_MAX_WORDS : GRAMS_MAX_SHINGLE);
}

static void the_jaccard_of_both_units_equals_brute_force(void) {
  seed = 1;
  for (int round = 0; round < 40; round++) {
    Made m = make_texts(24, 1 + draw(FIELDS));
    SpanTexts texts = span_texts(m.span, m.n, m.fields);
    texts.source.unit = round % 2 ? GRAM_WORDS : GRAM_CHARS;
    unsigned shingle = draw_shingle(texts.source.unit);
    double *want = plain_matrix(&texts.source, shingle);
    Grams a = { 0 }, b = { 0 };
    GramTable t = { 0 };
    for (size_t i = 0; i < m.n; i++) {
      CHECK(text_read(&texts.source, i, 0, &a, shingle) == 0 && gram_table_fill(&t, &a) == 0);
      for (size_t k = 0; k < m.n; k++) {
        double j = want[i * m.n + k];
        size_t common = 0, all = 1;
        CHECK(text_read(&texts.source, k, 0, &b, shingle) == 0);
        CHECK(gram_table_compare(&t, &b, 0, &common, &all) == 1 && (double)common / (double)all == j);
        CHECK(gram_table_compare(&t, &b, j, &common, &all) == 1);
        CHECK(gram_table_compare(&t, &b, nextafter(j, 2), &common, &all) == 0);
      }
    }
    grams_free(&a);
    grams_free(&b);
    gram_table_free(&t);
    free(want);
    made_free(&m);
  }
}

static size_t shingles_of(const char *text, unsigned n, GramKind *kind) {
  Grams g = { 0 };
  Span s = span_str(text);
  SpanTexts texts = span_texts(&s, 1, 1);
  texts.source.unit = GRAM_WORDS;
  CHECK(text_read(&texts.source, 0, 0, &g, n) == 0);
  size_t found = g.n;
  *kind = g.kind;
  grams_free(&g);
  return found;
}

static void words_are_the_tokens_of_the_house(void) {
  GramKind kind;
  CHECK(shingles_of("Reset my  password, please.", 2, &kind) == 3 && kind == GRAMS_WIDE);
  CHECK(shingles_of("reset my", 3, &kind) == 1 && kind == GRAMS_WHOLE);
  CHECK(shingles_of("", 1, &kind) == 1 && kind == GRAMS_WHOLE);
  /* 你 好 world: a character of a script without spaces is a word, its punctuation none */
  CHECK(shingles_of("\xE4\xBD\xA0\xE5\xA5\xBD\xE3\x80\x82world", 1, &kind) == 3 && kind == GRAMS_WIDE);
}

static void how_words_stand_apart_counts_nothing(void) {
  Span s[] = { span_str("a b"), span_str("c"), span_str("a"), span_str("b c"), span_str("a b d"), span_str("") };
  SpanTexts texts = span_texts(s, 3, 2);
  texts.source.unit = GRAM_WORDS;
  double *j = plain_matrix(&texts.source, 2);   /* {ab, bc}, {ab, bc}, {ab, bd} */
  CHECK(j[1] == 1 && j[2] == 1.0 / 3);
  Grams a = { 0 }, b = { 0 };
  size_t common, all;
  CHECK(text_read(&texts.source, 0, 0, &a, 2) == 0 && text_read(&texts.source, 1, 0, &b, 2) == 0);
  CHECK(grams_compare(&a, &b, 0, &common, &all) == 1 && common == 2 && all == 2);
  CHECK(text_read(&texts.source, 2, 0, &b, 2) == 0);
  CHECK(grams_compare(&a, &b, 0, &common, &all) == 1 && common == 1 && all == 3);
  grams_free(&a);
  grams_free(&b);
  free(j);
}

static void ascii_words_have_the_tokens_of_the_general_path(void) {
  Grams ascii = { 0 }, other = { 0 };
  Span s[] = { span_str("Dear sir, a.b c-d  (e) f"), span_str("Dear sir, a.b c-d  (e) f \xC3\xA9") };
  SpanTexts texts = span_texts(s, 2, 1);
  texts.source.unit = GRAM_WORDS;
  for (unsigned n = 1; n <= 6; n++) {
    CHECK(text_read(&texts.source, 0, 0, &ascii, n) == 0 && text_read(&texts.source, 1, 0, &other, n) == 0);
    CHECK(ascii.ascii && !other.ascii && other.n == ascii.n + 1);
    CHECK(memcmp(ascii.token, other.token, ascii.n * sizeof *ascii.token) == 0);
    CHECK(grams_length(&ascii) == 23 && grams_length(&other) == 25);
  }
  grams_free(&ascii);
  grams_free(&other);
}

/* ---- the engine ---- */

static LeaderParams params(unsigned shingle, double threshold) {
  return (LeaderParams){ .shingle = shingle, .hashes = 128, .bands = 128, .rows = 1, .threshold = threshold,
                         .floor = threshold, .path = simd_best() };
}

static void check_leaders(const Leaders *got, const double *jaccard, double threshold) {
  for (size_t i = 0; i < got->n; i++) {
    uint32_t twin = TEXT_NONE;
    double best = 0;
    for (uint32_t k = 0; k < i; k++) {
      double j = jaccard[i * got->n + k];
      if (got->twin[k] != TEXT_NONE || j < threshold || j <= best) continue;
      twin = k;
      best = j;
    }
    CHECK(got->twin[i] == twin && (twin == TEXT_NONE || got->jaccard[i] == best));
  }
}

static int same_leaders(const Leaders *a, const Leaders *b) {
  return memcmp(a->twin, b->twin, a->n * sizeof *a->twin) == 0 &&
         memcmp(a->jaccard, b->jaccard, a->n * sizeof *a->jaccard) == 0 && a->npairs == b->npairs &&
         memcmp(a->pair, b->pair, a->npairs * sizeof *a->pair) == 0;
}

static void leaders_of_both_units_equal_brute_force_on_any_threads(void) {
  static const double thresholds[] = { 0.8, 0.5, 2.0 / 3, 0.9, 1 };
  seed = 2;
  for (int round = 0; round < 24; round++) {
    Made m = make_texts(90, 1 + draw(FIELDS));
    SpanTexts texts = span_texts(m.span, m.n, m.fields);
    texts.source.unit = round % 3 ? GRAM_WORDS : GRAM_CHARS;
    LeaderParams p = params(draw_shingle(texts.source.unit), thresholds[draw(5)]);
    double *want = plain_matrix(&texts.source, p.shingle);
    Leaders one, exact, more;
    Error err;
    Pool *pool = pool_new(2 + (int)draw(4));
    CHECK(leaders_exact(&texts.source, &p, NULL, &exact, &err) == 0);
    check_leaders(&exact, want, p.threshold);
    p.exact = 0;
    CHECK(leaders_find(&texts.source, &p, NULL, &one, &err) == 0);
    p.path = SIMD_PORTABLE;
    CHECK(leaders_find(&texts.source, &p, pool, &more, &err) == 0);
    CHECK(same_leaders(&one, &more));
    if (p.threshold >= 0.5) check_leaders(&one, want, p.threshold);   /* a slot a band, 128 of them */
    leaders_free(&one);
    leaders_free(&more);
    leaders_free(&exact);
    pool_free(pool);
    free(want);
    made_free(&m);
  }
}

static void the_join_of_words_finds_every_pair(void) {
  seed = 3;
  for (int round = 0; round < 12; round++) {
    Made m = make_texts(80, 2);
    SpanTexts texts = span_texts(m.span, m.n, m.fields);
    texts.source.unit = GRAM_WORDS;
    JoinParams p = { .shingle = 1 + draw(4), .threshold = 0.3 + 0.1 * draw(7), .way = (JoinWay)(round % 3),
                     .path = simd_best() };
    double *want = plain_matrix(&texts.source, p.shingle);
    Join got;
    Error err;
    CHECK(join_find(&texts.source, &p, NULL, &got, &err) == 0);
    size_t at = 0;
    for (uint32_t i = 0; i < m.n; i++)
      for (uint32_t k = i + 1; k < m.n; k++) {
        double j = want[i * m.n + k];
        if (j < p.threshold || got.same[i] != TEXT_NONE || got.same[k] != TEXT_NONE) continue;
        CHECK(at < got.npairs && got.pair[at].a == i && got.pair[at].b == k && got.pair[at].jaccard == j);
        at++;
      }
    CHECK(at == got.npairs);
    join_free(&got);
    free(want);
    made_free(&m);
  }
}

/* ---- frequent shingles ---- */

static double *kept_matrix(const TextSource *src, unsigned shingle, const MaskParams *p) {
  double *out = malloc(src->n * src->n * sizeof *out);
  Plain *plain = malloc(src->n * sizeof *plain);
  Kept *kept = malloc(src->n * sizeof *kept);
  Grams *g = calloc(src->n, sizeof *g);
  for (size_t i = 0; i < src->n; i++) {
    CHECK(text_read(src, i, 0, &g[i], shingle) == 0);
    plain_of(&g[i], src->unit, &plain[i]);
  }
  keep_windows(plain, src->n, shingle, p, kept);
  for (size_t i = 0; i < src->n; i++)
    for (size_t k = 0; k <= i; k++)
      out[i * src->n + k] = out[k * src->n + i] = kept_jaccard(&plain[i], &kept[i], &plain[k], &kept[k], shingle);
  for (size_t i = 0; i < src->n; i++) grams_free(&g[i]);
  free(g);
  free(plain);
  free(kept);
  return out;
}

static void masked_leaders_equal_brute_force_on_any_threads(void) {
  seed = 4;
  size_t masked = 0;
  for (int round = 0; round < 40; round++) {
    Made m = make_texts(20 + draw(20), 1 + draw(2));
    SpanTexts texts = span_texts(m.span, m.n, m.fields);
    texts.source.unit = round % 2 ? GRAM_WORDS : GRAM_CHARS;
    LeaderParams p = params(1 + draw(texts.source.unit == GRAM_WORDS ? 3 : 10), 0.5 + 0.1 * draw(5));
    MaskParams mp = { .share = 0.05 + 0.05 * draw(6), .fewest = 1 + draw(4), .rest = draw(2) ? 0 : 1 + draw(6),
                      .room = draw(3) == 0 ? 1 + draw(40) : 0 };
    double *want = kept_matrix(&texts.source, p.shingle, &mp);
    Pool *pool = pool_new(1 + (int)draw(4));
    Mask *mask = NULL;
    Leaders got, exact;
    Error err;
    CHECK(mask_find(&mask, &texts.source, p.shingle, &mp, pool, &err) == 0);
    masked += mask_count(mask);
    texts.source.mask = mask;
    Grams a = { 0 }, b = { 0 };
    for (size_t i = 0; i < m.n; i++)
      for (size_t k = 0; k <= i; k++) {
        size_t common = 0, all = 1;
        CHECK(text_read(&texts.source, i, 0, &a, p.shingle) == 0 && text_read(&texts.source, k, 0, &b, p.shingle) == 0);
        CHECK(grams_compare(&a, &b, 0, &common, &all) == 1 && (double)common / (double)all == want[i * m.n + k]);
      }
    grams_free(&a);
    grams_free(&b);
    CHECK(leaders_find(&texts.source, &p, pool, &got, &err) == 0);
    check_leaders(&got, want, p.threshold);
    CHECK(leaders_exact(&texts.source, &p, pool, &exact, &err) == 0);
    check_leaders(&exact, want, p.threshold);
    leaders_free(&got);
    leaders_free(&exact);
    mask_free(mask);
    pool_free(pool);
    free(want);
    made_free(&m);
  }
  CHECK(masked > 1000);
}

/* ---- what masking is for ---- */

static const char *const FORM =
  "by filling in this form you agree that we may keep the details given above for as long as it takes to "
  "answer your request, that calls may be recorded for training, and that nothing said here is binding "
  "unless it has been confirmed in writing by a member of the board within thirty working days. ";

static void random_words(char *room, size_t words) {
  size_t n = 0;
  for (size_t w = 0; w < words; w++) {
    for (uint32_t k = 3 + draw(5); k > 0; k--) room[n++] = (char)('a' + draw(26));
    room[n++] = ' ';
  }
  room[n] = '\0';
}

static size_t kept_of(const Span *s, size_t n, const MaskParams *mp, size_t *masked) {
  SpanTexts texts = span_texts(s, n, 1);
  LeaderParams p = params(5, 0.7);
  Mask *mask = NULL;
  Leaders got;
  Error err;
  CHECK(mask_find(&mask, &texts.source, 5, mp, NULL, &err) == 0);
  *masked = mask_count(mask);
  texts.source.mask = mask;
  CHECK(leaders_find(&texts.source, &p, NULL, &got, &err) == 0);
  size_t kept = n - got.rejected;
  leaders_free(&got);
  mask_free(mask);
  return kept;
}

enum { ROWS = 60, ROOM = 1200 };

static void strangers_with_a_form_in_the_middle_are_no_twins_once_it_is_masked(void) {
  seed = 5;
  static char room[ROWS][ROOM];
  Span s[ROWS];
  for (int i = 0; i < ROWS; i++) {   /* words of its own on either side of 290 bytes that all have: J is about 0.73 */
    char before[100], after[100];
    random_words(before, 7);
    random_words(after, 1);
    snprintf(room[i], ROOM, "%s%s%s", before, FORM, after);
    s[i] = span_str(room[i]);
  }
  size_t masked;
  MaskParams off = { .share = 1, .fewest = 1, .rest = 20 }, on = { .share = 0.2, .fewest = 10, .rest = 20 };
  size_t without = kept_of(s, ROWS, &off, &masked);
  CHECK(masked == 0 && without < ROWS);
  CHECK(kept_of(s, ROWS, &on, &masked) == ROWS && masked > 200);
}

static void near_copies_of_one_text_stay_near_copies(void) {
  seed = 6;
  static char room[ROWS][ROOM];
  Span s[ROWS];
  char other[ROOM];
  for (int i = 0; i < ROWS; i++) {   /* half are copies with two letters changed, half strangers */
    random_words(other, 50);
    snprintf(room[i], ROOM, "%s", i % 2 ? other : FORM);
    s[i] = span_str(room[i]);
    for (int e = 0; e < 2; e++) room[i][20 + 100 * e + (int)draw(90)] = '#';
  }
  size_t masked;
  MaskParams on = { .share = 0.2, .fewest = 10, .rest = 20 }, bare = { .share = 0.2, .fewest = 10 };
  CHECK(kept_of(s, ROWS, &on, &masked) == ROWS / 2 + 1 && masked > 200);
  CHECK(kept_of(s, ROWS, &bare, &masked) > ROWS / 2 + 1);   /* without `rest` they fall apart */
}

static void a_shingle_that_few_texts_have_is_not_masked(void) {
  Span s[] = { span_str("the same text"), span_str("the same text"), span_str("something else") };
  size_t masked;
  MaskParams p = { .share = 0.2, .fewest = 3 };
  CHECK(kept_of(s, 3, &p, &masked) == 2 && masked == 0);
  p.fewest = 2;
  CHECK(kept_of(s, 3, &p, &masked) == 2 && masked == 9);   /* 13 letters; with nothing left, text by text */
}

int main(void) {
  RUN(the_jaccard_of_both_units_equals_brute_force);
  RUN(words_are_the_tokens_of_the_house);
  RUN(how_words_stand_apart_counts_nothing);
  RUN(ascii_words_have_the_tokens_of_the_general_path);
  RUN(leaders_of_both_units_equal_brute_force_on_any_threads);
  RUN(the_join_of_words_finds_every_pair);
  RUN(masked_leaders_equal_brute_force_on_any_threads);
  RUN(strangers_with_a_form_in_the_middle_are_no_twins_once_it_is_masked);
  RUN(near_copies_of_one_text_stay_near_copies);
  RUN(a_shingle_that_few_texts_have_is_not_masked);
  return check_done();
}
