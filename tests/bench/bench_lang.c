/* tests/bench/bench_lang.c - the stage language against bare CLD2 on the same text in the same run: rows loaded,
** about 512 bytes of input and of output, in eight languages. Bare is CLD2 alone on the two fields as they
** stand, no mask, no row. Then what twice the text costs, for texts that would catch the mask looking back. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/json_out.h"
#include "corpus/view.h"
#include "lang/lang_op.h"
#include "tests/fixture.h"

#define LID "../shared/models/lid176/lid.176.ftz"

enum { ROWS = 4000, FIELD_BYTES = 512, ROUNDS = 7, LARGE = 1 << 16 };

static const char *const PROSE[] = {
  "To change the password of your account, open the settings, choose security and follow what the page tells you. ",
  "Um das Passwort deines Kontos zu ändern, öffne die Einstellungen und folge den Hinweisen auf der Seite. ",
  "Pour changer le mot de passe de votre compte, ouvrez les paramètres et suivez les indications de la page. ",
  "Para cambiar la contraseña de su cuenta, abra los ajustes y siga las indicaciones que aparecen en la página. ",
  "Чтобы изменить пароль учётной записи, откройте настройки и следуйте указаниям на странице. ",
  "要更改您帐户的密码，请打开设置，选择安全，然后按照页面上的说明进行操作。",
  "Per cambiare la password del tuo conto apri le impostazioni e segui le indicazioni della pagina. ",
  "لتغيير كلمة مرور حسابك افتح الإعدادات واتبع التعليمات التي تظهر في الصفحة. ",
};
static const char *const ENDS[] = { "It takes a minute. ", "Call 555-0100. ", "See https://example.com/help?id=7 too. ",
                                    "{\"plan\": \"basic\", \"seats\": 3} ", "`make install` ", "Why not? ",
                                    "(a, b) ", "- " };

static double cpu(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint64_t seed = 11;
static unsigned draw(unsigned n) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)((seed >> 33) % n);
}

/* Whole sentences in one language, with an end in ten; NUL-terminated, 16 zeros behind. */
static Span make_field(unsigned language) {
  char *p = calloc(FIELD_BYTES + 256, 1);
  size_t at = 0;
  if (p == NULL) abort();
  while (at < FIELD_BYTES - 60) {
    const char *s = draw(10) == 0 ? ENDS[draw(8)] : PROSE[language];
    size_t n = strlen(s);
    if (at + n > FIELD_BYTES + 100) break;
    memcpy(p + at, s, n);
    at += n;
  }
  return span_of(p, at);
}

static double best_of(double (*run)(void *), void *arg) {
  double best = 1e30;
  for (int i = 0; i < ROUNDS; i++) {
    double s = run(arg);
    if (s < best) best = s;
  }
  return best;
}

static Span field[ROWS][2];
static size_t all_bytes;

static double run_bare(void *arg) {
  size_t *told = arg;
  double from = cpu();
  *told = 0;
  for (size_t i = 0; i < ROWS; i++)
    for (int k = 0; k < 2; k++) *told += lang_detect(field[i][k]).reliable != 0;
  return cpu() - from;
}

static double run_mask(void *arg) {
  char *out = arg;
  double from = cpu();
  for (size_t i = 0; i < ROWS; i++)
    for (int k = 0; k < 2; k++) lang_mask(field[i][k], out);
  return cpu() - from;
}

typedef struct Stage { View *view; RowOp *op; } Stage;

static double run_stage(void *arg) {
  Stage *s = arg;
  uint16_t stage = 0;
  double from = cpu();
  View *w = view_run_group(s->view, NULL, &s->op, &stage, 1, NULL, 0, NULL);
  double took = cpu() - from;
  if (w == NULL) abort();
  view_unref(w);
  return took;
}

static double stage_seconds(View *v, FastText *model) {
  static const Field FIELDS[] = { FIELD_INPUT, FIELD_OUTPUT };
  const Span en = span_str("en");
  LangRule rule = { .model = model, .min_probability = 0.5, .min_letters = 16, .field = FIELDS, .nfields = 2,
                    .max_bytes = 2048, .min_field_bytes = 40, .keep = &en, .nkeep = 1, .min_confidence = 0.95,
                    .keep_undetermined = 1, .other = "other_language", .low = "low_confidence",
                    .undetermined = "undetermined", .annotation = "language", .metric = "confidence",
                    .mixed_share = 0.1, .shares = "language_shares" };
  Error err;
  Stage s = { .view = v, .op = lang_op(&rule, &err) };
  if (s.op == NULL) { printf("skip: %s\n", err.text); return 0; }
  double best = best_of(run_stage, &s);
  rowop_unref(s.op);
  return best;
}

static View *load_rows(void) {
  const char **line = malloc(ROWS * sizeof *line);
  if (line == NULL) abort();
  for (unsigned i = 0; i < ROWS; i++) {
    Buf b = { 0 };
    for (int k = 0; k < 2; k++) field[i][k] = make_field(i % 8), all_bytes += field[i][k].len;
    if (buf_str(&b, "{\"input\":") != 0 || json_out_string(&b, field[i][0]) != 0 || buf_str(&b, ",\"output\":") != 0 ||
        json_out_string(&b, field[i][1]) != 0 || buf_str(&b, "}") != 0)
      abort();
    line[i] = strndup(b.ptr, b.len);
    buf_free(&b);
  }
  return view_new(fixture_corpus(line, ROWS));
}

/* CPU seconds of the mask over n bytes of the pattern, the best of several. */
static double mask_seconds(const char *pattern, size_t n) {
  char *text = malloc(n), *out = malloc(lang_mask_room(n));
  double best = 1e30;
  if (text == NULL || out == NULL) abort();
  for (size_t i = 0, len = strlen(pattern); i < n; i++) text[i] = pattern[i % len];
  for (int i = 0; i < ROUNDS; i++) {
    double from = cpu();
    for (int k = 0; k < 16; k++) lang_mask(span_of(text, n), out);
    double took = cpu() - from;
    if (took < best) best = took;
  }
  free(text);
  free(out);
  return best / 16;
}

static void hard_texts(void) {
  static const char *const PATTERN[] = { "[", "{\"a", "[\"a\",{\"b\":", "`", "`a\n", "```\n ", "~~~ ", "a.b_c/",
                                         "\\u00e9\"", "{\"k\":\"\\", "   \n", "word " };
  printf("mask, hard texts, MB/CPU s (and 128 KB against 64 KB):");
  for (size_t i = 0; i < sizeof PATTERN / sizeof *PATTERN; i++) {
    double a = mask_seconds(PATTERN[i], LARGE), b = mask_seconds(PATTERN[i], 2 * LARGE);
    printf(" %.0f (%.2f)", LARGE / a / 1e6, b / a);
  }
  printf("\n");
}

/* CLD2 takes large blocks of the heap and frees them, each call. Until a process has freed a larger one, glibc gives
** them back to the system each time, which costs more than the detection; a run has always freed one. */
static void settle_heap(void) {
  void *volatile block = malloc(1 << 20);
  free(block);
}

int main(void) {
  size_t told;
  settle_heap();
  char *out = malloc(lang_mask_room(FIELD_BYTES + 256));
  View *v = load_rows();
  if (out == NULL) abort();
  double mb = (double)all_bytes / 1e6, mask = best_of(run_mask, out);
  if (lang_available()) {
    double bare = best_of(run_bare, &told), stage = stage_seconds(v, NULL);
    printf("%d rows of %.0f bytes; bare CLD2 %.1f MB/CPU s, mask alone %.0f, the stage %.1f: %.2f of bare (goal 0.8)\n",
           ROWS, mb * 1e6 / ROWS, mb / bare, mb / mask, mb / stage, bare / stage);
  }
  Error err;
  FastText *model = access(LID, R_OK) == 0 ? fasttext_load(LID, &err) : NULL;
  if (model != NULL) printf("the stage with lid.176.ftz %.1f MB/CPU s\n", mb / stage_seconds(v, model));
  else printf("skip: no fastText, or no " LID "\n");
  fasttext_unref(model);
  hard_texts();
  free(out);
  return 0;
}
