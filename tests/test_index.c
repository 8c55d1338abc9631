/* tests/test_index.c - neardup.idx is what was written, or refused; and the texts that an earlier run
** kept are found as comparison of all with all finds them. */
#include <stdio.h>
#include <unistd.h>

#include "check.h"
#include "core/file.h"
#include "fixture.h"
#include "neardup/against.h"
#include "neardup/index.h"
#include "neardup/verify.h"

enum { NEARDUP_ALL = (1u << FIELD_COUNT) - 1 - (1u << FIELD_ASSISTANT) };
static Error err;

static const char *const LINES[] = {
  "{\"system\":\"Be Brief\",\"input\":\"How do  I reset it?\",\"output\":\"Click RESET.\"}",
  "not a row",
  "{\"input\":\"\",\"output\":\"nothing asked\"}",
  "{\"input\":\"\\u00c4rger \\u001f mit dem Konto\",\"output\":\"Gern.\",\"alternative\":\"Nein\"}",
  "{\"input\":\"last\",\"output\":\"\"}",
};
enum { NLINES = sizeof LINES / sizeof *LINES };

static char path[64];

static Index index_for(const View *v, unsigned fields, Turns turns) {
  IndexSpec spec = { span_str("help"), span_str("2024-05"), fields, turns };
  FileSum sum;
  Index x;
  snprintf(path, sizeof path, "/tmp/tamis-index-%d", (int)getpid());
  CHECK(index_write(v, &spec, path, 0600, NULL, &sum, &err) == 0);
  CHECK(index_open(&x, path, 0, NULL, &err) == 0);
  return x;
}

static Span text_of(const Index *x, size_t i) {
  return span_of(x->text + x->start[i], (size_t)(x->start[i + 1] - x->start[i]));
}

static void what_is_opened_is_what_was_written(void) {
  Corpus *c = fixture_corpus(LINES, NLINES);
  View *v = view_new(c);
  Index x = index_for(v, NEARDUP_ALL, (Turns){ TURNS_TAIL, 3 });
  static const char *const want[] = { "be brief\x1fhow do i reset it?\x1f" "click reset.", "\x1fnothing asked",
                                      "\xC3\xA4rger mit dem konto\x1fgern.\x1fnein", "last\x1f" };
  static const uint32_t line[] = { 1, 3, 4, 5 };
  CHECK(x.n == 4 && x.nsources == 1 && x.fields == NEARDUP_ALL);
  CHECK(x.turns.which == TURNS_TAIL && x.turns.tail == 3);
  CHECK(strcmp(x.dataset, "help") == 0 && strcmp(x.run, "2024-05") == 0 && strcmp(x.source[0], "rows.jsonl") == 0);
  for (size_t i = 0; i < 4 && x.n == 4; i++) {
    CHECK(span_eq(text_of(&x, i), span_str(want[i])));
    CHECK(x.place[i].source == 0 && x.place[i].line == line[i]);
  }
  IndexSpec spec = { span_str("help"), span_str("2024-05"), NEARDUP_ALL, { TURNS_TAIL, 3 } };
  Index y;
  CHECK(index_of_view(&y, v, &spec, NULL, &err) == 0);
  CHECK(y.n == x.n && memcmp(y.start, x.start, 5 * sizeof *y.start) == 0 && memcmp(y.text, x.text, x.start[4]) == 0);
  CHECK(memcmp(y.present, x.present, 4) == 0 && y.place[3].line == 5);
  index_free(&x);
  index_free(&y);
  view_unref(v);
  corpus_unref(c);
}

/* Fewer fields than are held read as a view of those fields does. */
static void a_set_of_its_fields_reads_as_the_rows_do(void) {
  Corpus *c = fixture_corpus(LINES, NLINES);
  View *v = view_new(c);
  Index x = index_for(v, NEARDUP_ALL, (Turns){ 0 });
  const Index *list[] = { &x };
  size_t first[] = { 0, x.n };
  uint32_t rows[4];
  view_standing(v, rows);
  for (unsigned fields = 1; fields <= NEARDUP_ALL; fields++) {
    IndexTexts kept = index_texts(list, 1, first, fields, GRAM_CHARS);
    ViewTexts texts;
    Grams a = { 0 }, b = { 0 };
    CHECK(view_texts_init(&texts, v, rows, 4, fields, 0, NULL) == 0);
    for (size_t i = 0; i < 4; i++) {
      CHECK(text_read(&kept.source, i, 0, &a, 5) == 0 && text_read(&texts.source, i, 0, &b, 5) == 0);
      CHECK(a.len == b.len && memcmp(a.text, b.text, a.len) == 0);
    }
    grams_free(&a);
    grams_free(&b);
    view_texts_free(&texts);
  }
  index_free(&x);
  view_unref(v);
  corpus_unref(c);
}

static char *slurp(size_t *len) {
  FILE *f = fopen(path, "rb");
  char *bytes = malloc(1 << 16);
  *len = f != NULL ? fread(bytes, 1, 1 << 16, f) : 0;
  if (f != NULL) fclose(f);
  return bytes;
}

static void every_cut_and_every_changed_bit_is_refused(void) {
  Corpus *c = fixture_corpus(LINES, NLINES);
  View *v = view_new(c);
  Index x = index_for(v, NEARDUP_ALL, (Turns){ 0 });
  size_t len, refused = 0, worded = 0;
  index_free(&x);
  char *bytes = slurp(&len);
  CHECK(index_read(&x, span_of(bytes, len), "x.idx", 0, NULL, &err) == 0);
  index_free(&x);
  for (size_t cut = 0; cut < len; cut++) {
    char *copy = malloc(cut + 1);   /* of that size, so that a sanitizer sees who reads on */
    memcpy(copy, bytes, cut);
    err.text[0] = '\0';
    refused += index_read(&x, span_of(copy, cut), "x.idx", 0, NULL, &err) == -1 && x.start == NULL;
    worded += strncmp(err.text, "x.idx ", 6) == 0;
    free(copy);
  }
  CHECK(refused == len && worded == len);
  refused = 0;
  for (size_t bit = 0; bit < 8 * len; bit++) {
    bytes[bit / 8] ^= (char)(1 << bit % 8);
    refused += index_read(&x, span_of(bytes, len), "x.idx", 0, NULL, &err) == -1;
    bytes[bit / 8] ^= (char)(1 << bit % 8);
  }
  CHECK(refused == 8 * len);
  free(bytes);
  view_unref(v);
  corpus_unref(c);
}

static void an_index_of_no_rows_is_one(void) {
  Corpus *c = fixture_corpus(LINES, 0);
  View *v = view_new(c);
  Index x = index_for(v, NEARDUP_ALL, (Turns){ 0 });
  CHECK(x.n == 0 && x.nsources == 1);
  index_free(&x);
  view_unref(v);
  corpus_unref(c);
}

/* ---- against ---- */

enum { KEPT = 400, NEW = 700, WORDS = 24, ROOM = 400 };

typedef struct Made { char *room; Span span[KEPT + NEW]; } Made;

static uint64_t seed = 1;
static unsigned draw(unsigned n) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)(seed >> 33) % n;
}

/* Kept texts; then new ones, of which many are a kept or a new one with up to eight letters changed. */
static Made make(void) {
  Made m = { .room = malloc((KEPT + NEW) * ROOM) };
  for (size_t i = 0; i < KEPT + NEW; i++) {
    char *p = m.room + i * ROOM;
    size_t len = 0, words = draw(12) == 0 ? draw(2) : WORDS;
    if (i > 0 && draw(2) == 0) {
      Span old = m.span[draw(4) != 0 && i > KEPT ? draw(KEPT) : draw((unsigned)i)];
      memcpy(p, old.ptr, len = old.len);
      for (unsigned k = draw(9); len > 0 && k > 0; k--) p[draw((unsigned)len)] = (char)('a' + draw(26));
    } else {
      for (size_t w = 0; w < words; w++) len += (size_t)snprintf(p + len, 12, "w%u ", draw(3000));
    }
    m.span[i] = span_of(p, len);
  }
  return m;
}

static void brute(const SpanTexts *kept, const SpanTexts *texts, double threshold, AgainstMatch *out) {
  Grams a = { 0 }, b = { 0 };
  for (size_t i = 0; i < texts->source.n; i++) {
    out[i] = (AgainstMatch){ TEXT_NONE, 0 };
    CHECK(text_read(&texts->source, i, 0, &a, 5) == 0);
    for (size_t k = 0; k < kept->source.n; k++) {
      size_t common = 0, all = 1;
      CHECK(text_read(&kept->source, k, 0, &b, 5) == 0);
      if (grams_compare(&a, &b, threshold, &common, &all) != 1) continue;
      double j = (double)common / (double)all;
      if (out[i].twin == TEXT_NONE || j > out[i].jaccard) out[i] = (AgainstMatch){ (uint32_t)k, j };
    }
  }
  grams_free(&a);
  grams_free(&b);
}

static void matches_equal_brute_force_whatever_the_threads(void) {
  Made m = make();
  SpanTexts kept = span_texts(m.span, KEPT, 1), texts = span_texts(m.span + KEPT, NEW, 1);
  static AgainstMatch want[NEW], got[NEW];
  size_t matched = 0;
  brute(&kept, &texts, 0.8, want);
  for (size_t i = 0; i < NEW; i++) matched += want[i].twin != TEXT_NONE;
  CHECK(matched > 150 && matched < 600);
  for (int way = 0; way < 6; way++) {
    /* 64 bands of one slot propose a pair of 0.8 but once in 10^44 */
    LeaderParams p = { .shingle = 5, .hashes = 64, .bands = 64, .rows = 1, .threshold = 0.8, .floor = 0.8,
                       .exact = way % 2, .path = way < 3 ? simd_best() : SIMD_PORTABLE };
    static const int threads[] = { 1, 2, 7 };
    Pool *pool = pool_new(threads[way % 3]);
    AgainstCounts counts;
    CHECK(against_find(&kept.source, &texts.source, &p, pool, got, &counts, &err) == 0);
    size_t same = 0;
    for (size_t i = 0; i < NEW; i++)
      same += got[i].twin == want[i].twin && (got[i].twin == TEXT_NONE || got[i].jaccard == want[i].jaccard);
    CHECK(same == NEW && counts.matched == matched && counts.kept == KEPT);
    pool_free(pool);
  }
  free(m.room);
}

/* More proposals than a list holds at once; the join is the judge. */
static void a_crowd_that_shares_a_template_is_judged_alike(void) {
  enum { CROWD = 1400, EACH = 120 };
  char *room = malloc((size_t)2 * CROWD * EACH);
  static Span span[2 * CROWD];
  static AgainstMatch want[CROWD], got[CROWD];
  for (size_t i = 0; i < 2 * CROWD; i++) {
    char *p = room + i * EACH;
    for (size_t k = 0; k < EACH; k++) p[k] = (char)('a' + k * k / 7 % 26);
    for (unsigned k = draw(3) == 0 ? 1 : 4; k > 0; k--) p[draw(EACH)] = (char)('a' + draw(26));
    span[i] = span_of(p, EACH);
  }
  SpanTexts kept = span_texts(span, CROWD, 1), texts = span_texts(span + CROWD, CROWD, 1);
  LeaderParams p = { .shingle = 5, .hashes = 64, .bands = 64, .rows = 1, .threshold = 0.9, .floor = 0.9, .exact = 1,
                     .path = simd_best() };
  AgainstCounts counts;
  CHECK(against_find(&kept.source, &texts.source, &p, NULL, want, &counts, &err) == 0);
  size_t matched = counts.matched, same = 0;
  p.exact = 0;
  Pool *pool = pool_new(2);
  CHECK(against_find(&kept.source, &texts.source, &p, pool, got, &counts, &err) == 0);
  for (size_t i = 0; i < CROWD; i++)
    same += got[i].twin == want[i].twin && (got[i].twin == TEXT_NONE || got[i].jaccard == want[i].jaccard);
  CHECK(same == CROWD && counts.matched == matched && matched > 100 && counts.candidates > (size_t)CROWD * CROWD);
  pool_free(pool);
  free(room);
}

static void nothing_kept_and_nothing_new_is_no_special_case(void) {
  Span some[] = { span_str("one text of some length"), span_str("one text of some length") };
  SpanTexts none = span_texts(some, 0, 1), two = span_texts(some, 2, 1);
  AgainstMatch got[2];
  AgainstCounts counts;
  for (int exact = 0; exact < 2; exact++) {
    LeaderParams p = { .shingle = 5, .hashes = 64, .bands = 8, .rows = 8, .threshold = 0.8, .floor = 0.8,
                       .exact = exact, .path = simd_best() };
    CHECK(against_find(&none.source, &two.source, &p, NULL, got, &counts, &err) == 0);
    CHECK(got[0].twin == TEXT_NONE && got[1].twin == TEXT_NONE && counts.matched == 0);
    CHECK(against_find(&two.source, &none.source, &p, NULL, got, &counts, &err) == 0);
    CHECK(against_find(&two.source, &two.source, &p, NULL, got, &counts, &err) == 0);
    CHECK(got[0].twin == 0 && got[1].twin == 0 && got[1].jaccard == 1 && counts.copies == 2);
  }
}

int main(void) {
  RUN(what_is_opened_is_what_was_written);
  RUN(a_set_of_its_fields_reads_as_the_rows_do);
  RUN(every_cut_and_every_changed_bit_is_refused);
  RUN(an_index_of_no_rows_is_one);
  RUN(matches_equal_brute_force_whatever_the_threads);
  RUN(a_crowd_that_shares_a_template_is_judged_alike);
  RUN(nothing_kept_and_nothing_new_is_no_special_case);
  unlink(path);
  return check_done();
}
