/* modules/core/error.h - one sentence about what went wrong, for a person.
** Lower case, no full stop; it names what was given and what is allowed. A kernel fills it
** and returns a negative code; it never prints. */
#ifndef TAMIS_ERROR_H
#define TAMIS_ERROR_H

#define ERROR_TEXT_SIZE 1024

typedef struct Error {
  char text[ERROR_TEXT_SIZE];   /* NUL-terminated; "" when nothing went wrong */
} Error;

/* Words an error; a longer text is cut. err may be NULL. Returns -1, so that a caller can
** write `return error_set(err, "...")`. */
int error_set(Error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* error_set with ": " and the words of errno behind. */
int error_errno(Error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int error_memory(Error *err);   /* "not enough memory"; returns -1 */

#endif
