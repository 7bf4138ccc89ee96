#include "CImages.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const uint8_t *bytes;
  size_t count;
  size_t position;
  char *message;
} Source;

static void on_error(png_structp png, png_const_charp text) {
  Source *source = (Source *)png_get_error_ptr(png);
  snprintf(source->message, CIMAGES_MESSAGE, "%s", text);
  longjmp(png_jmpbuf(png), 1);
}

static void on_warning(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void on_read(png_structp png, png_bytep target, png_size_t size) {
  Source *source = (Source *)png_get_io_ptr(png);
  if (size > source->count - source->position) png_error(png, "the file ends early");
  memcpy(target, source->bytes + source->position, size);
  source->position += size;
}

/// Reads the header, and the pixels if `pixels` is not null.
static int read_png(Source *source, CImagesHeader *header, int channels, uint8_t *pixels, size_t size) {
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, source, on_error, on_warning);
  if (!png) {
    snprintf(source->message, CIMAGES_MESSAGE, "no memory");
    return -1;
  }
  png_infop info = png_create_info_struct(png);
  png_bytep *volatile rows = NULL;
  if (!info || setjmp(png_jmpbuf(png))) {
    free(rows);
    png_destroy_read_struct(&png, info ? &info : NULL, NULL);
    return -1;
  }
  png_set_read_fn(png, source, on_read);
  png_set_user_limits(png, 1 << 16, 1 << 16);
  png_set_chunk_malloc_max(png, 64 << 20);
  png_read_info(png, info);
  png_byte color = png_get_color_type(png, info);
  int has_transparency = png_get_valid(png, info, PNG_INFO_tRNS) != 0;
  header->width = (int32_t)png_get_image_width(png, info);
  header->height = (int32_t)png_get_image_height(png, info);
  int is_color = (color & PNG_COLOR_MASK_COLOR) != 0;
  int has_alpha = (color & PNG_COLOR_MASK_ALPHA) != 0 || has_transparency;
  header->channels = (is_color ? 3 : 1) + (has_alpha ? 1 : 0);
  if (pixels) {
    if ((size_t)header->width * (size_t)header->height * (size_t)channels != size) {
      png_error(png, "the size changed while it was read");
    }
    png_set_expand(png);
    png_set_strip_16(png);
    if (channels == 4) {
      png_set_filler(png, 0xff, PNG_FILLER_AFTER);
    } else {
      png_set_strip_alpha(png);
    }
    if (channels >= 3) {
      png_set_gray_to_rgb(png);
    } else if (is_color) {
      png_set_rgb_to_gray(png, PNG_ERROR_ACTION_NONE, 0.299, 0.587);
    }
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    size_t width = (size_t)header->width * (size_t)channels;
    if (png_get_rowbytes(png, info) != width) png_error(png, "an unexpected number of channels");
    rows = (png_bytep *)malloc(sizeof(png_bytep) * (size_t)header->height);
    if (!rows) png_error(png, "no memory");
    for (int32_t row = 0; row < header->height; row++) rows[row] = pixels + (size_t)row * width;
    png_read_image(png, rows);
    png_read_end(png, NULL);
  }
  free(rows);
  png_destroy_read_struct(&png, &info, NULL);
  return 0;
}

int cimages_png_header(const uint8_t *bytes, size_t count, CImagesHeader *header, char *message) {
  Source source = {bytes, count, 0, message};
  return read_png(&source, header, 0, NULL, 0);
}

int cimages_png_decode(const uint8_t *bytes, size_t count, int channels, uint8_t *pixels, size_t size, char *message) {
  Source source = {bytes, count, 0, message};
  CImagesHeader header;
  return read_png(&source, &header, channels, pixels, size);
}
