/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Generated from src/api, see build.rs; not to be edited.
 * The C functions of libtoxlink, for C99 and later and for C++. */

#ifndef TOXLINK_H
#define TOXLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>


/** The version of this header. */
#define TOXLINK_VERSION_MAJOR 0
#define TOXLINK_VERSION_MINOR 1
#define TOXLINK_VERSION_PATCH 0

/**
 * The bytes of a secret or public key.
 */
#define TOXLINK_KEY_SIZE 32

/**
 * What may go wrong with a key.
 */
typedef enum Toxlink_Err_Key {
  /**
   * No error.
   */
  TOXLINK_ERR_KEY_OK,
  /**
   * A pointer was NULL that may not be.
   */
  TOXLINK_ERR_KEY_NULL,
  /**
   * The operating system has no random bytes to give.
   */
  TOXLINK_ERR_KEY_NO_RANDOM,
} Toxlink_Err_Key;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The major version of the library that the program runs with. `TOXLINK_VERSION_MAJOR` is that of
 * the header it was compiled with.
 */
uint32_t toxlink_version_major(void);

/**
 * The minor version of the library that the program runs with.
 */
uint32_t toxlink_version_minor(void);

/**
 * The patch version of the library that the program runs with.
 */
uint32_t toxlink_version_patch(void);

/**
 * Whether a program that was compiled for that version can use this library.
 *
 * While the major version is 0, each minor version has functions of its own; a later patch version
 * only adds to an earlier one. From 1 on, a later minor version only adds to an earlier one.
 */
bool toxlink_version_is_compatible(uint32_t major,
                                   uint32_t minor,
                                   uint32_t patch);

/**
 * Makes a new key pair.
 *
 * `secret_key` and `public_key` take TOXLINK_KEY_SIZE bytes each; `public_key` and `error` may be
 * NULL. Returns whether it worked; if not, the keys are untouched.
 *
 * # Safety
 * As said above.
 */
bool toxlink_key_new(uint8_t *secret_key,
                     uint8_t *public_key,
                     enum Toxlink_Err_Key *error);

/**
 * Overwrites a secret key of TOXLINK_KEY_SIZE bytes; NULL is allowed.
 *
 * # Safety
 * As said above.
 */
void toxlink_key_wipe(uint8_t *secret_key);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* TOXLINK_H */
