/* tests/bench/bench_lm.c - the character model: fitting, and scoring texts of 1 KB a CPU second, of the kind that it was
** fitted on and of noise; then what twice the text costs. The texts are those of ../shared/data, lines as they are, where
** that is; else words of a made vocabulary, whose few n-grams fit any cache and flatter it. */
#include <stdio.h>
#include <stdlib.h>

#include "lm/lm.h"
#include "lm/lm_fit.h"
#include "tests/bench/texts.h"

enum { KB = 1024, TIMES = 5, ORDER = 6, MADE = 4 << 20 };

static void make_words(Buf *b) {
  while (b->len < MADE) {
    uint32_t id = draw(64) * draw(64), letters = 2 + id % 9;
    for (uint32_t i = 0; i < letters; i++) buf_char(b, (char)('a' + (id * 31 + i * i * 17 + i * 7) % 26));
    buf_char(b, ' ');
  }
}

/* CPU seconds for the text in pieces, the best of several; sets the bits a character. */
static double seconds(const Lm *m, Span text, size_t piece, double *bits) {
  double best = 1e9;
  for (int t = 0; t < TIMES; t++) {
    LmScore all = { 0, 0 };
    double from = cpu();
    for (size_t at = 0; at < text.len; at += piece) {
      LmScore s = lm_score(m, span_of(text.ptr + at, text.len - at < piece ? text.len - at : piece), NULL);
      all.units += s.units;
      all.chars += s.chars;
    }
    double took = cpu() - from;
    if (took < best) best = took;
    *bits = lm_bits(all);
  }
  return best;
}

static void tell(const Lm *m, const char *what, Span text) {
  Buf twice = { 0 };
  if (buf_add(&twice, text.ptr, text.len) != 0 || buf_add(&twice, text.ptr, text.len) != 0) exit(1);
  double bits, once = seconds(m, text, text.len, &bits), whole = seconds(m, buf_span(&twice), twice.len, &bits);
  double kb = seconds(m, text, KB, &bits);
  buf_free(&twice);
  printf("  score %-22s %7.1f MB/CPU s  %5.2f bits a character   twice the text: %.2f times\n", what,
         (double)text.len / kb / 1e6, bits, whole / once);
}

static Lm *fit(Span text, size_t max_ngrams) {
  LmAlphabet a;
  Error err = { "" };
  double from = cpu();
  LmLetters *l = lm_letters_new();
  lm_letters_add(l, text);
  lm_letters_pick(l, 8, &a);
  lm_letters_free(l);
  LmCounts *c = lm_counts_new(&a, ORDER, 1 << 21);
  for (size_t at = 0; at < text.len; at += KB)
    if (lm_counts_add(c, span_of(text.ptr + at, text.len - at < KB ? text.len - at : KB)) != 0) exit(1);
  LmTable *t = lm_table(c, max_ngrams, &err);
  lm_counts_free(c);
  if (t == NULL) exit(1);
  Lm *m = lm_pack(t, span_of("", 0));
  size_t n = 0;
  for (int len = 2; len <= ORDER; len++) n += t->level[len].n;
  printf("fit %.1f MB of text: %.1f MB/CPU s; %zu n-grams of up to %d symbols, %.1f MB\n", (double)text.len / 1e6,
         (double)text.len / (cpu() - from) / 1e6, n, ORDER, (double)m->nslots * 8e-6);
  lm_table_free(t);
  return m;
}

int main(void) {
  Buf good = { 0 }, noise = { 0 };
  static const char *const files[] = { "eval_gsm8k_test.jsonl", "judge_llmbar.jsonl", "raw_tickets.jsonl",
                                       "openai_messages.jsonl", "raw_math.jsonl", "sharegpt.jsonl" };
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    char path[256];
    snprintf(path, sizeof path, "../shared/data/%s", files[i]);
    add_file(&good, path);
  }
  if (good.len == 0) make_words(&good);
  size_t part = good.len / 5 * 4;
  Span unseen = span_of(good.ptr + part, good.len - part);
  for (size_t i = 0; i < unseen.len; i++) buf_char(&noise, (char)(' ' + draw(95)));
  for (size_t max = 1000000; max >= 100000; max /= 10) {
    Lm *m = fit(span_of(good.ptr, part), max);
    tell(m, "text that it knows", span_of(good.ptr, unseen.len));
    tell(m, "text like it", unseen);
    tell(m, "noise of ASCII", buf_span(&noise));
    lm_unref(m);
  }
  buf_free(&good);
  buf_free(&noise);
  return 0;
}
