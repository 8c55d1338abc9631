/* tests/test_fasttext.c - models of fastText: what they tell, and that a damaged one is an error */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "fasttext_model.h"
#include "lang/fasttext.h"

#define LID "../shared/models/lid176/lid.176.ftz"

static ModelBytes made;

static Span bytes_of(const ModelBytes *m) { return span_of(m->at, m->len); }

static int near_to(double a, double b) { return fabs(a - b) < 1e-4; }

/* Whether the model's bytes tell these two labels for the text, the first with that score. */
static int tells(const char *text, const char *first, double score, double second_score) {
  Error err;
  FastTextGuess g[2];
  FastText *m = fasttext_open(bytes_of(&made), "made", &err);
  if (m == NULL) { printf("%s\n", err.text); return 0; }
  int n = fasttext_predict(m, span_str(text), 2, g);
  int right = n == 2 && strcmp(g[0].label, first) == 0 && near_to(g[0].score, score) &&
              near_to(g[1].score, second_score);
  if (!right && n == 2) printf("%s: %s %g, %g\n", text, g[0].label, g[0].score, g[1].score);
  fasttext_unref(m);
  return right;
}

static void probabilities_are_those_of_the_arithmetic(void) {
  if (!fasttext_available()) SKIP(FASTTEXT_MISSING);
  const double e = exp(1.0);
  model_plain(&made, MODEL_SOFTMAX);
  CHECK(tells("alpha", "a", e / (e + 1), 1 / (e + 1)));
  CHECK(tells("beta", "b", e / (e + 1), 1 / (e + 1)));
  CHECK(tells("alpha unknown __label__b", "a", e / (e + 1), 1 / (e + 1)));
  CHECK(tells("alpha\nalpha beta", "a", exp(1.0) / (exp(1.0) + exp(0.5)), exp(0.5) / (exp(1.0) + exp(0.5))));
  CHECK(tells("beta </s> beta alpha", "b", exp(1.0) / (exp(1.0) + exp(0.5)), exp(0.5) / (exp(1.0) + exp(0.5))));
  model_plain(&made, MODEL_OVA);                 /* each label by itself: sigmoid(1), sigmoid(0) */
  CHECK(tells("alpha", "a", e / (e + 1), 0.5));
  model_plain(&made, MODEL_HS);                  /* one node over both, row 0: sigmoid(1) leads to "a" */
  CHECK(tells("alpha", "a", e / (e + 1), 1 / (e + 1)));
  model_quantized(&made);
  CHECK(tells("alpha", "a", e / (e + 1), 1 / (e + 1)));
}

static void scores_lie_between_0_and_1_and_the_likeliest_is_first(void) {
  if (!fasttext_available()) SKIP(FASTTEXT_MISSING);
  for (int loss = MODEL_HS; loss <= MODEL_OVA; loss++) {
    Error err;
    FastTextGuess g[8];
    model_plain(&made, loss);
    FastText *m = fasttext_open(bytes_of(&made), "made", &err);
    CHECK(m != NULL && fasttext_labels(m) == 2 && strcmp(fasttext_label(m, 1), "b") == 0);
    if (m == NULL) continue;
    FastText *other = fasttext_ref(m);
    fasttext_unref(m);
    CHECK(fasttext_predict(other, span_str("alpha"), 8, g) == 2);
    CHECK(g[0].score >= g[1].score && g[0].score <= 1 && g[1].score >= 0);
    CHECK(fasttext_predict(other, span_str("alpha"), 1, g) == 1);
    CHECK(fasttext_predict(other, span_str("alpha"), 0, g) == 0);
    CHECK(fasttext_predict(other, span_str(""), 2, g) == 0);
    fasttext_unref(other);
  }
  fasttext_unref(NULL);
}

/* The library is given what passes: none of these may crash, least of all under a sanitizer. */
static void try_damaged(const ModelBytes *m, size_t len, int *passed, int *refused) {
  Error err = { "" };
  FastTextGuess g[2];
  char *copy = malloc(len > 0 ? len : 1);        /* a block of its own: reading past it is seen */
  memcpy(copy, m->at, len);
  int fits = fasttext_check(span_of(copy, len), &err) == 0;
  CHECK(fits || err.text[0] != '\0');
  *passed += fits;
  *refused += !fits;
  if (fits && fasttext_available()) {
    FastText *model = fasttext_open(span_of(copy, len), "damaged", &err);
    CHECK(model != NULL);
    if (model != NULL) {
      int n = fasttext_predict(model, span_str("alpha beta gamma"), 2, g);
      for (int i = 0; i < n; i++) CHECK(g[i].score >= 0 && g[i].score <= 1);
    }
    fasttext_unref(model);
  }
  free(copy);
}

static void a_model_cut_anywhere_is_refused(void) {
  int passed = 0, refused = 0;
  for (int quantized = 0; quantized < 2; quantized++) {
    if (quantized) model_quantized(&made);
    else model_plain(&made, MODEL_SOFTMAX);
    for (size_t len = 0; len < made.len; len++) try_damaged(&made, len, &passed, &refused);
    CHECK(passed == 0);
    made.at[made.len++] = 0;
    CHECK(fasttext_check(bytes_of(&made), NULL) != 0);
  }
}

static void a_model_with_a_changed_byte_is_refused_or_harmless(void) {
  int passed = 0, refused = 0;
  for (int kind = 0; kind <= MODEL_OVA; kind++) {
    if (kind == MODEL_NS) continue;              /* builds a table of ten million each time */
    if (kind == 0) model_quantized(&made);
    else model_plain(&made, kind);
    size_t most = made.len < 420 ? made.len : 420;
    for (size_t i = 0; i < most; i++) {
      static const int WITH[] = { 0x00, 0x01, 0x7F, 0x80, 0xFF };
      char was = made.at[i];
      for (size_t k = 0; k < sizeof WITH / sizeof *WITH; k++) {
        made.at[i] = (char)WITH[k];
        try_damaged(&made, made.len, &passed, &refused);
      }
      made.at[i] = was;
    }
  }
  CHECK(passed > 0 && refused > 1000);
}

static void errors_say_what_was_given(void) {
  Error err;
  CHECK(fasttext_check(span_str("hello, world"), &err) != 0 && strstr(err.text, "no fastText model") != NULL);
  CHECK(fasttext_check(span_str(""), &err) != 0 && strstr(err.text, "no fastText model") != NULL);
  model_plain(&made, MODEL_SOFTMAX);
  made.at[4] = 13;
  CHECK(fasttext_check(bytes_of(&made), &err) != 0 && strstr(err.text, "format 13") != NULL);
  model_plain(&made, MODEL_SOFTMAX);
  made.at[36] = 1;                               /* cbow */
  CHECK(fasttext_check(bytes_of(&made), &err) != 0 && strstr(err.text, "word vectors") != NULL);
  CHECK(fasttext_load("/nonexistent/model", &err) == NULL);
  CHECK(strstr(err.text, fasttext_available() ? "/nonexistent/model: No such file" : "libfasttext-dev") != NULL);
  if (fasttext_available()) CHECK(fasttext_load("/", &err) == NULL && strstr(err.text, "no regular file") != NULL);
}

typedef struct Job { const FastText *model; char label[4][8]; } Job;

static void *predict_some(void *arg) {
  static const char *const TEXT[] = { "Where do I find the form that changes my password?",
                                      "Wie ändere ich mein Passwort?",
                                      "¿Cómo cambio mi contraseña?", "Comment changer mon mot de passe ?" };
  Job *j = arg;
  for (int round = 0; round < 20; round++)
    for (int i = 0; i < 4; i++) {
      FastTextGuess g;
      if (fasttext_predict(j->model, span_str(TEXT[i]), 1, &g) == 1)
        snprintf(j->label[i], sizeof j->label[i], "%s", g.label);
    }
  return NULL;
}

static void threads_share_a_model(void) {
  static const char *const RIGHT[] = { "en", "de", "es", "fr" };
  Error err;
  if (!fasttext_available()) SKIP(FASTTEXT_MISSING);
  if (access(LID, R_OK) != 0) SKIP("no " LID);
  FastText *m = fasttext_load(LID, &err);
  CHECK(m != NULL && fasttext_labels(m) == 176);
  if (m == NULL) return;
  Job job[3];
  pthread_t thread[3];
  for (int i = 0; i < 3; i++) {
    job[i] = (Job){ .model = m };
    CHECK(pthread_create(&thread[i], NULL, predict_some, &job[i]) == 0);
  }
  for (int i = 0; i < 3; i++) pthread_join(thread[i], NULL);
  for (int i = 0; i < 3; i++)
    for (int k = 0; k < 4; k++) CHECK(strcmp(job[i].label[k], RIGHT[k]) == 0);
  fasttext_unref(m);
}

int main(void) {
  RUN(probabilities_are_those_of_the_arithmetic);
  RUN(scores_lie_between_0_and_1_and_the_likeliest_is_first);
  RUN(a_model_cut_anywhere_is_refused);
  RUN(a_model_with_a_changed_byte_is_refused_or_harmless);
  RUN(errors_say_what_was_given);
  RUN(threads_share_a_model);
  return check_done();
}
