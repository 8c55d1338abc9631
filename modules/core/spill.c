/* modules/core/spill.c - see spill.h. Each array has a head of 16 bytes before it. */
#include "core/spill.h"

#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { HEAD = 16, SMALLEST_FILE = 64 << 10 };

typedef struct Head {
  size_t bytes;    /* of the array, without the head */
  size_t mapped;   /* length of the file mapping; 0: anonymous memory */
} Head;

static atomic_size_t budget = SIZE_MAX, in_memory, in_files;
static char folder[PATH_MAX];

int spill_configure(size_t bytes, const char *dir) {
  if (dir == NULL) dir = getenv("TMPDIR");
  if (dir == NULL || *dir == '\0') dir = "/tmp";
  size_t len = strlen(dir);
  if (len >= sizeof folder - sizeof "/tamis-spill-XXXXXX") return -1;
  memcpy(folder, dir, len + 1);
  atomic_store(&budget, bytes);
  return 0;
}

static size_t read_limit(const char *path) {
  FILE *f = fopen(path, "r");
  unsigned long long n = 0;
  if (f == NULL) return SIZE_MAX;
  int got = fscanf(f, "%llu", &n);   /* "max" gives nothing */
  fclose(f);
  return got == 1 && n > 0 && n < SIZE_MAX ? (size_t)n : SIZE_MAX;
}

size_t spill_default_budget(void) {
  size_t least = (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
  size_t v2 = read_limit("/sys/fs/cgroup/memory.max");
  size_t v1 = read_limit("/sys/fs/cgroup/memory/memory.limit_in_bytes");
  if (v2 < least) least = v2;
  if (v1 < least) least = v1;
  return least / 10 * 7;
}

static int open_unlinked(void) {
  const char *dir = folder[0] != '\0' ? folder : "/tmp";
#ifdef O_TMPFILE
  int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0) return fd;
#endif
  char name[PATH_MAX];
  snprintf(name, sizeof name, "%.*s/tamis-spill-XXXXXX", (int)(sizeof name - 24), dir);
  int made = mkostemp(name, O_CLOEXEC);
  if (made >= 0) unlink(name);
  return made;
}

/* The disk's room is taken at once, so that a full one is an error here and no fault later. */
static Head *map_file(size_t total) {
  int fd = open_unlinked();
  if (fd < 0) return NULL;
  void *p = posix_fallocate(fd, 0, (off_t)total) == 0
              ? mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
  close(fd);
  return p == MAP_FAILED ? NULL : p;
}

static int take_memory(size_t bytes) {
  size_t used = atomic_fetch_add(&in_memory, bytes);
  if (used <= atomic_load(&budget) && bytes <= atomic_load(&budget) - used) return 1;
  atomic_fetch_sub(&in_memory, bytes);
  return 0;
}

void *spill_alloc(size_t bytes) {
  if (bytes > SIZE_MAX - 2 * HEAD) return NULL;
  size_t total = bytes + HEAD;
  Head *h = NULL;
  if (bytes < SMALLEST_FILE || take_memory(bytes)) {
    if (bytes < SMALLEST_FILE) atomic_fetch_add(&in_memory, bytes);
    h = malloc(total);
    if (h != NULL) *h = (Head){ bytes, 0 };
    else atomic_fetch_sub(&in_memory, bytes);
  } else {
    h = map_file(total);
    if (h != NULL) *h = (Head){ bytes, total };
    if (h != NULL) atomic_fetch_add(&in_files, bytes);
  }
  return h == NULL ? NULL : (char *)h + HEAD;
}

static Head *head_of(void *p) { return (Head *)(void *)((char *)p - HEAD); }

void spill_free(void *p) {
  if (p == NULL) return;
  Head *h = head_of(p);
  if (h->mapped == 0) {
    atomic_fetch_sub(&in_memory, h->bytes);
    free(h);
  } else {
    atomic_fetch_sub(&in_files, h->bytes);
    munmap(h, h->mapped);
  }
}

/* A small anonymous array is copied; a big one grows where it lies, by the C library's mremap. */
void *spill_resize(void *p, size_t bytes) {
  if (p == NULL) return spill_alloc(bytes);
  Head *h = head_of(p);
  size_t old = h->bytes;
  int stays = h->mapped == 0 && old >= SMALLEST_FILE && bytes >= SMALLEST_FILE;
  if (stays && (bytes <= old || take_memory(bytes - old))) {
    Head *moved = realloc(h, bytes + HEAD);
    if (moved != NULL) {
      if (bytes < old) atomic_fetch_sub(&in_memory, old - bytes);
      moved->bytes = bytes;
      return (char *)moved + HEAD;
    }
    if (bytes > old) atomic_fetch_sub(&in_memory, bytes - old);
    return NULL;
  }
  void *copy = spill_alloc(bytes);
  if (copy == NULL) return NULL;
  memcpy(copy, p, old < bytes ? old : bytes);
  spill_free(p);
  return copy;
}

size_t spill_in_memory(void) { return atomic_load(&in_memory); }
size_t spill_in_files(void) { return atomic_load(&in_files); }
