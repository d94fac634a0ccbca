#include "kernels/vulkan/pipelines.h"

// Written by glslc when the program is built: see kernels/CMakeLists.txt.
namespace kernels::vulkan {
namespace {

constexpr std::uint32_t embed[] =
#include "shaders/embed.inc"
    ;
constexpr std::uint32_t embedChecked[] =
#include "shaders/embed_checked.inc"
    ;
constexpr std::uint32_t linearVector[] =
#include "shaders/linear_vector.inc"
    ;
constexpr std::uint32_t linearVectorChecked[] =
#include "shaders/linear_vector_checked.inc"
    ;
constexpr std::uint32_t linearMatrix[] =
#include "shaders/linear_matrix.inc"
    ;
constexpr std::uint32_t linearMatrixChecked[] =
#include "shaders/linear_matrix_checked.inc"
    ;
constexpr std::uint32_t linearLanes[] =
#include "shaders/linear_lanes.inc"
    ;
constexpr std::uint32_t linearLanesChecked[] =
#include "shaders/linear_lanes_checked.inc"
    ;
constexpr std::uint32_t linearHalves[] =
#include "shaders/linear_halves.inc"
    ;
constexpr std::uint32_t linearHalvesChecked[] =
#include "shaders/linear_halves_checked.inc"
    ;
constexpr std::uint32_t linearCooperative[] =
#include "shaders/linear_cooperative.inc"
    ;
constexpr std::uint32_t linearCooperativeChecked[] =
#include "shaders/linear_cooperative_checked.inc"
    ;
constexpr std::uint32_t expertsChoose[] =
#include "shaders/experts_choose.inc"
    ;
constexpr std::uint32_t expertsChooseChecked[] =
#include "shaders/experts_choose_checked.inc"
    ;
constexpr std::uint32_t expertsCombine[] =
#include "shaders/experts_combine.inc"
    ;
constexpr std::uint32_t expertsCombineChecked[] =
#include "shaders/experts_combine_checked.inc"
    ;
constexpr std::uint32_t norm[] =
#include "shaders/norm.inc"
    ;
constexpr std::uint32_t normChecked[] =
#include "shaders/norm_checked.inc"
    ;
constexpr std::uint32_t rope[] =
#include "shaders/rope.inc"
    ;
constexpr std::uint32_t ropeChecked[] =
#include "shaders/rope_checked.inc"
    ;
constexpr std::uint32_t elementwise[] =
#include "shaders/elementwise.inc"
    ;
constexpr std::uint32_t elementwiseChecked[] =
#include "shaders/elementwise_checked.inc"
    ;
constexpr std::uint32_t kvStore[] =
#include "shaders/kv_store.inc"
    ;
constexpr std::uint32_t kvStoreChecked[] =
#include "shaders/kv_store_checked.inc"
    ;
constexpr std::uint32_t attend[] =
#include "shaders/attend.inc"
    ;
constexpr std::uint32_t attendChecked[] =
#include "shaders/attend_checked.inc"
    ;
constexpr std::uint32_t attendJoin[] =
#include "shaders/attend_join.inc"
    ;
constexpr std::uint32_t attendJoinChecked[] =
#include "shaders/attend_join_checked.inc"
    ;
constexpr std::uint32_t attendCapture[] =
#include "shaders/attend_capture.inc"
    ;
constexpr std::uint32_t attendCaptureChecked[] =
#include "shaders/attend_capture_checked.inc"
    ;
constexpr std::uint32_t attendMass[] =
#include "shaders/attend_mass.inc"
    ;
constexpr std::uint32_t attendMassChecked[] =
#include "shaders/attend_mass_checked.inc"
    ;
constexpr std::uint32_t topLogits[] =
#include "shaders/top_logits.inc"
    ;
constexpr std::uint32_t topLogitsChecked[] =
#include "shaders/top_logits_checked.inc"
    ;

} // namespace

std::span<const std::uint32_t> codeOf(Shader shader, bool checked) {
    using Code = std::span<const std::uint32_t>;
    switch (shader) {
    case Shader::Embed:
        return checked ? Code(embedChecked) : Code(embed);
    case Shader::LinearVector:
        return checked ? Code(linearVectorChecked) : Code(linearVector);
    case Shader::LinearMatrix:
        return checked ? Code(linearMatrixChecked) : Code(linearMatrix);
    case Shader::LinearLanes:
        return checked ? Code(linearLanesChecked) : Code(linearLanes);
    case Shader::LinearHalves:
        return checked ? Code(linearHalvesChecked) : Code(linearHalves);
    case Shader::LinearCooperative:
        return checked ? Code(linearCooperativeChecked) : Code(linearCooperative);
    case Shader::ExpertsChoose:
        return checked ? Code(expertsChooseChecked) : Code(expertsChoose);
    case Shader::ExpertsCombine:
        return checked ? Code(expertsCombineChecked) : Code(expertsCombine);
    case Shader::Norm:
        return checked ? Code(normChecked) : Code(norm);
    case Shader::Rope:
        return checked ? Code(ropeChecked) : Code(rope);
    case Shader::Elementwise:
        return checked ? Code(elementwiseChecked) : Code(elementwise);
    case Shader::KvStore:
        return checked ? Code(kvStoreChecked) : Code(kvStore);
    case Shader::Attend:
        return checked ? Code(attendChecked) : Code(attend);
    case Shader::AttendJoin:
        return checked ? Code(attendJoinChecked) : Code(attendJoin);
    case Shader::AttendCapture:
        return checked ? Code(attendCaptureChecked) : Code(attendCapture);
    case Shader::AttendMass:
        return checked ? Code(attendMassChecked) : Code(attendMass);
    case Shader::TopLogits:
        return checked ? Code(topLogitsChecked) : Code(topLogits);
    }
    return {};
}

} // namespace kernels::vulkan
