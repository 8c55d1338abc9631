/* tests/test_pool.c - what the pool promises about threads and signals. */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/pool.h"
#include "tests/check.h"

enum { HEARD = 7, UNHEARD = 8 };

static void on_bus(int sig) {
  (void)sig;
  _exit(HEARD);
}

/* Worker 1 reads what is no longer there; worker 0 waits for it. */
static int read_past_the_end(void *ctx, size_t begin, size_t end, int worker) {
  (void)begin;
  (void)end;
  if (worker != 0) return *(volatile const char *)ctx;
  sleep(5);
  return 1;
}

static void child(void) {
  char name[] = "/tmp/tamis-test-XXXXXX";
  int fd = mkstemp(name);
  if (fd < 0 || unlink(name) != 0 || ftruncate(fd, 4096) != 0) _exit(UNHEARD);
  void *at = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
  if (at == MAP_FAILED || ftruncate(fd, 0) != 0) _exit(UNHEARD);
  signal(SIGBUS, on_bus);
  Pool *p = pool_new(2);
  if (p == NULL) _exit(UNHEARD);
  pool_for(p, 2, 1, read_past_the_end, at);
  _exit(UNHEARD);
}

static void a_map_that_shrank_is_heard_from_a_worker_too(void) {
  pid_t pid = fork();
  if (pid == 0) child();
  int status = 0;
  CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == HEARD);
}

int main(void) {
  RUN(a_map_that_shrank_is_heard_from_a_worker_too);
  return check_done();
}
