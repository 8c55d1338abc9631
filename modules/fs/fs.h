/* modules/fs/fs.h - whole files and folders, for the trusted scripts.
** All return 0, or -1 with err worded (it names the path) and errno left as the system set it. */
#ifndef TAMIS_FS_H
#define TAMIS_FS_H

#include "core/buf.h"
#include "core/error.h"

/* Appends the file's bytes to out; fails past max bytes. A folder is an error. */
int fs_read(const char *path, size_t max, Buf *out, Error *err);
/* Writes a temporary file beside path, syncs it and renames it over path: whole or not at all. */
int fs_write(const char *path, Span bytes, unsigned mode, Error *err);
int fs_mkdirs(const char *path, unsigned mode, Error *err);    /* parents too; an existing folder is fine */
int fs_remove_tree(const char *path, Error *err);              /* never follows a symbolic link; absent is fine */
int fs_sync(const char *path, Error *err);                     /* a file's or a folder's contents reach the disk */
/* path becomes a symbolic link to target, replacing an older link in one step. */
int fs_symlink(const char *target, const char *path, Error *err);

#endif
