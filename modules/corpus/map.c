/* modules/corpus/map.c - see map.h */
#include "corpus/map.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

/* The one piece of state a process shares: a handler of SIGBUS has nothing else to go by. A slot
** is free while its path is NULL. */
enum { SLOTS = 4096 };
static struct MapSlot {
  _Atomic(const char *) path;
  _Atomic(uintptr_t) begin, end;
} map_slots[SLOTS];

static int enter(const FileMap *m, const char *path) {
  for (int i = 0; i < SLOTS; i++) {
    const char *none = NULL;
    if (!atomic_compare_exchange_strong(&map_slots[i].path, &none, path)) continue;
    atomic_store(&map_slots[i].end, (uintptr_t)m->ptr + m->reserved);
    atomic_store(&map_slots[i].begin, (uintptr_t)m->ptr);
    return i + 1;
  }
  return 0;
}

static void leave(int slot) {
  if (slot == 0) return;
  atomic_store(&map_slots[slot - 1].begin, (uintptr_t)0);
  atomic_store(&map_slots[slot - 1].end, (uintptr_t)0);
  atomic_store(&map_slots[slot - 1].path, NULL);
}

const char *map_path_at(const void *address) {
  uintptr_t at = (uintptr_t)address;
  for (int i = 0; i < SLOTS; i++)
    if (atomic_load(&map_slots[i].begin) <= at && at < atomic_load(&map_slots[i].end))
      return atomic_load(&map_slots[i].path);
  return NULL;
}

/* The file lies over the front of a range of zero pages that is at least one page longer. */
int map_open(FileMap *m, int fd, size_t len, const char *path, Error *err) {
  *m = (FileMap){ 0 };
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t reserved = (len + page - 1) / page * page + page;
  void *base = mmap(NULL, reserved, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) return error_errno(err, "cannot map %s", path);
  if (len > 0 && mmap(base, len, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED) {
    error_errno(err, "cannot map %s", path);
    munmap(base, reserved);
    return -1;
  }
  m->ptr = base;
  m->len = len;
  m->reserved = reserved;
  m->slot = enter(m, path);
  return 0;
}

void map_sequential(const FileMap *m, int on) {
  if (m->len > 0) madvise((void *)(uintptr_t)m->ptr, m->len, on ? MADV_SEQUENTIAL : MADV_NORMAL);
}

void map_close(FileMap *m) {
  if (m->ptr == NULL) return;
  leave(m->slot);
  munmap((void *)(uintptr_t)m->ptr, m->reserved);
  *m = (FileMap){ 0 };
}
