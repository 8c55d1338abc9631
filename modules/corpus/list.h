/* modules/corpus/list.h - arrays that grow by one: LIST_PUSH(array, n, cap) is a pointer to a new
** last element, uninitialised, or NULL if out of memory, which leaves the array as it was. */
#ifndef TAMIS_LIST_H
#define TAMIS_LIST_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Doubles *array (any pointer to objects of that size); 1, or 0 if out of memory. */
static inline int list_grow(void *array, size_t *cap, size_t size) {
  size_t more = *cap > 0 ? *cap * 2 : 16;
  if (more > SIZE_MAX / size) return 0;
  void *old;
  memcpy(&old, array, sizeof old);   /* memcpy: an element pointer is no void * */
  void *p = realloc(old, more * size);
  if (p == NULL) return 0;
  memcpy(array, &p, sizeof p);
  *cap = more;
  return 1;   /* cppcheck-suppress memleak ; the array holds it */
}

#define LIST_ROOM(array, n, cap) ((n) < (cap) || list_grow(&(array), &(cap), sizeof *(array)))
#define LIST_PUSH(array, n, cap) (LIST_ROOM(array, n, cap) ? &(array)[(n)++] : NULL)

#endif
