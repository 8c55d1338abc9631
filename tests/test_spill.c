/* tests/test_spill.c - arrays past the budget lie in files, and nobody can tell. */
#include "core/spill.h"

#include <stdint.h>
#include <stdlib.h>

#include "check.h"

enum { BIG = 1 << 20 };

static void an_array_past_the_budget_is_a_file(void) {
  CHECK(spill_configure(BIG + BIG / 2, NULL) == 0);
  size_t before = spill_in_memory();
  unsigned char *a = spill_alloc(BIG), *b = spill_alloc(BIG);
  CHECK(a != NULL && b != NULL && spill_in_memory() - before == BIG && spill_in_files() == BIG);
  memset(b, 0x5A, BIG);
  CHECK(b[0] == 0x5A && b[BIG - 1] == 0x5A);
  spill_free(a);
  spill_free(b);
  CHECK(spill_in_memory() == before && spill_in_files() == 0);
}

static void an_array_keeps_its_bytes_while_it_grows_past_the_budget(void) {
  CHECK(spill_configure(BIG, NULL) == 0);
  uint32_t *p = NULL;
  size_t n = 0;
  for (size_t cap = 16; cap <= BIG; cap *= 2) {
    p = spill_resize(p, cap * sizeof *p);
    CHECK(p != NULL && ((uintptr_t)p & 15) == 0);
    if (p == NULL) return;
    for (; n < cap; n++) p[n] = (uint32_t)(n * 2654435761u);
  }
  CHECK(spill_in_files() == BIG * sizeof *p);
  size_t same = 0;
  for (size_t i = 0; i < n; i++) same += p[i] == (uint32_t)(i * 2654435761u);
  CHECK(same == n);
  p = spill_resize(p, 64);
  CHECK(p != NULL && p[15] == (uint32_t)(15 * 2654435761u) && spill_in_files() == 0);
  spill_free(p);
}

static void a_folder_that_is_not_there_is_no_memory(void) {
  CHECK(spill_configure(0, "/no/such/folder") == 0);
  CHECK(spill_alloc(BIG) == NULL);
  void *small = spill_alloc(100);   /* small ones are always anonymous */
  CHECK(small != NULL);
  spill_free(small);
  CHECK(spill_configure(SIZE_MAX, NULL) == 0);
}

static void the_default_is_most_of_the_machine(void) {
  CHECK(spill_default_budget() > (size_t)64 << 20);
}

int main(void) {
  RUN(an_array_past_the_budget_is_a_file);
  RUN(an_array_keeps_its_bytes_while_it_grows_past_the_budget);
  RUN(a_folder_that_is_not_there_is_no_memory);
  RUN(the_default_is_most_of_the_machine);
  return check_done();
}
