/* tests/test_names.c - interned values: one id a value, whatever the thread. */
#include "check.h"

#include <math.h>
#include <pthread.h>

#include "corpus/names.h"

static void equal_values_have_one_id(void) {
  Names *n = names_new();
  uint32_t a = names_intern(n, span_str("billing")), b = names_intern(n, span_str("refund"));
  CHECK(a >= 1 && b >= 1 && a != b);
  CHECK(names_intern(n, span_str("billing")) == a);
  CHECK(names_find(n, span_str("refund")) == b && names_find(n, span_str("none")) == NAME_NONE);
  CHECK(strcmp(names_text(n, a), "billing") == 0);
  CHECK(names_intern(n, span_of("a\0b", 3)) != names_intern(n, span_of("a\0c", 3)));
  uint32_t empty = names_intern(n, span_of(NULL, 0));
  CHECK(empty != NAME_NONE && empty == names_intern(n, span_str("")));
  CHECK(names_value(n, empty).type == VALUE_STRING && names_value(n, empty).text.len == 0);
  names_free(n);
}

static void values_of_different_types_are_different(void) {
  Names *n = names_new();
  uint32_t one = names_intern_value(n, (Value){ .type = VALUE_INT, .integer = 1 });
  uint32_t yes = names_intern_value(n, (Value){ .type = VALUE_BOOL, .integer = 1 });
  uint32_t real = names_intern_value(n, (Value){ .type = VALUE_DOUBLE, .number = 1.0 });
  uint32_t text = names_intern(n, span_str("1"));
  CHECK(one != yes && yes != real && real != text && one != real && one != text && yes != text);
  CHECK(names_value(n, real).number == 1.0 && names_value(n, one).integer == 1);
  CHECK(names_intern_value(n, (Value){ .type = VALUE_NONE }) == NAME_NONE);
  CHECK(names_value(n, NAME_NONE).type == VALUE_NONE && names_value(n, 1u << 30).type == VALUE_NONE);
  CHECK(strcmp(names_text(n, one), "") == 0);
  names_free(n);
}

enum { THREADS = 4, WORDS = 20000 };
typedef struct Job { Names *names; int shift; uint32_t id[WORDS]; } Job;

static void *intern_all(void *arg) {
  Job *j = arg;
  for (int i = 0; i < WORDS; i++) {
    int word = (i + j->shift) % WORDS;
    char text[16];
    snprintf(text, sizeof text, "word%d", word);
    j->id[word] = names_intern(j->names, span_str(text));
  }
  return NULL;
}

static void threads_agree_on_ids(void) {
  static Job job[THREADS];
  pthread_t thread[THREADS];
  Names *n = names_new();
  for (int t = 0; t < THREADS; t++) {
    job[t].names = n;
    job[t].shift = t * WORDS / THREADS;
    pthread_create(&thread[t], NULL, intern_all, &job[t]);
  }
  for (int t = 0; t < THREADS; t++) pthread_join(thread[t], NULL);
  int agree = 1, read_back = 1;
  for (int i = 0; i < WORDS; i++) {
    char text[16];
    snprintf(text, sizeof text, "word%d", i);
    for (int t = 1; t < THREADS; t++) agree &= job[t].id[i] == job[0].id[i];
    read_back &= strcmp(names_text(n, job[0].id[i]), text) == 0;
  }
  CHECK(agree);
  CHECK(read_back);
  names_free(n);
}

int main(void) {
  RUN(equal_values_have_one_id);
  RUN(values_of_different_types_are_different);
  RUN(threads_agree_on_ids);
  return check_done();
}
