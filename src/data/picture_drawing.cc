// SPDX-License-Identifier: Apache-2.0
#include <cairo.h>
#include <librsvg/rsvg.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include "base/bytes.h"
#include "base/limits.h"
#include "data/picture_pixels.h"

namespace walchen::data {
namespace {

struct Unref {
  void operator()(RsvgHandle* handle) const { g_object_unref(handle); }
  void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
  void operator()(cairo_t* context) const { cairo_destroy(context); }
  void operator()(GError* error) const { g_error_free(error); }
};
template <class T>
using Owned = std::unique_ptr<T, Unref>;

tl::unexpected<Error> SvgFailed(GError* error) {
  const Owned<GError> owner(error);
  return Fail(ErrorCode::kCorrupt, "SVG: {}", error ? base::Quoted(error->message, 200) : "broken");
}

struct Extent {
  double width = 0;
  double height = 0;
};

// How wide and high the drawing is, in any unit: its size, else its view box, else what is drawn.
Extent ExtentOf(RsvgHandle& handle) {
  const auto is_usable = [](const Extent& extent) {
    return std::isfinite(extent.width) && std::isfinite(extent.height) && extent.width > 0 && extent.height > 0;
  };
  Extent extent;
  if (rsvg_handle_get_intrinsic_size_in_pixels(&handle, &extent.width, &extent.height) && is_usable(extent)) return extent;
  gboolean has_width = 0, has_height = 0, has_view_box = 0;
  RsvgLength width = {}, height = {};
  RsvgRectangle box = {};
  rsvg_handle_get_intrinsic_dimensions(&handle, &has_width, &width, &has_height, &height, &has_view_box, &box);
  extent = {box.width, box.height};
  if (has_view_box && is_usable(extent)) return extent;
  RsvgRectangle ink = {};
  if (rsvg_handle_get_geometry_for_element(&handle, nullptr, &ink, &box, nullptr)) extent = {ink.width, ink.height};
  return is_usable(extent) ? extent : Extent{1, 1};
}

Result<Picture> PictureOf(cairo_surface_t& surface, uint32_t width, uint32_t height) {
  cairo_surface_flush(&surface);
  const auto* const data = cairo_image_surface_get_data(&surface);
  const auto stride = static_cast<size_t>(cairo_image_surface_get_stride(&surface));
  std::vector<uint8_t> rgba(size_t{width} * height * 4);
  bool any_ink = false;
  for (uint32_t y = 0; y < height; ++y) {
    for (uint32_t x = 0; x < width; ++x) {
      // Four bytes of a little-endian ARGB.
      const unsigned char* const from = data + y * stride + size_t{x} * 4;
      const std::array<uint8_t, 4> pixel = {from[2], from[1], from[0], from[3]};
      any_ink |= from[3] != 0;
      std::ranges::copy(pixel, rgba.begin() + static_cast<ptrdiff_t>((size_t{y} * width + x) * 4));
    }
  }
  if (!any_ink) return Fail(ErrorCode::kUnsupported, "SVG: nothing is drawn");
  return OnPaper(rgba, width, height, Alpha::kMultiplied);
}

}  // namespace

Result<Picture> DrawSvg(std::string_view svg, uint32_t side) {
  if (svg.size() > static_cast<uint64_t>(base::kPictureFileMaxBytes)) {
    return Fail(ErrorCode::kTooLarge, "expected a drawing of at most {} bytes, found {}", base::kPictureFileMaxBytes,
                svg.size());
  }
  GError* error = nullptr;
  // Without a base address librsvg loads nothing from outside, and it has no scripts.
  const Owned<RsvgHandle> handle(
      rsvg_handle_new_from_data(reinterpret_cast<const guint8*>(svg.data()), svg.size(), &error));
  if (!handle) return SvgFailed(error);
  rsvg_handle_set_dpi(handle.get(), 96);
  const Extent extent = ExtentOf(*handle);
  const double scale = side / std::max(extent.width, extent.height);
  const auto pixels = [&](double length) { return static_cast<uint32_t>(std::clamp<double>(std::round(length * scale), 1, side)); };
  const uint32_t width = pixels(extent.width), height = pixels(extent.height);
  const Owned<cairo_surface_t> surface(
      cairo_image_surface_create(CAIRO_FORMAT_ARGB32, static_cast<int>(width), static_cast<int>(height)));
  const Owned<cairo_t> context(cairo_create(surface.get()));
  const RsvgRectangle all = {0, 0, static_cast<double>(width), static_cast<double>(height)};
  if (!rsvg_handle_render_document(handle.get(), context.get(), &all, &error)) return SvgFailed(error);
  if (cairo_status(context.get()) != CAIRO_STATUS_SUCCESS) {
    return Fail(ErrorCode::kCorrupt, "SVG: {}", cairo_status_to_string(cairo_status(context.get())));
  }
  return PictureOf(*surface, width, height);
}

}  // namespace walchen::data
