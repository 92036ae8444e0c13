<?php
// This file is part of Moodle - https://moodle.org/
//
// Moodle is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Moodle is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

/**
 * When an activity counts as completed.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local;

defined('MOODLE_INTERNAL') || die();

global $CFG;
require_once($CFG->libdir . '/completionlib.php');

/**
 * Reads and writes the completion rule of an activity.
 *
 * A rule is one value: what is not said of it is false. Changing it makes Moodle compute everybody's completion again,
 * with today's date; so it is never written when it is the same, and refused when something would be lost for good.
 */
final class completion_rule {
    /** Words for course_modules.completion. */
    private const TRACKING = [
        COMPLETION_TRACKING_NONE => 'none',
        COMPLETION_TRACKING_MANUAL => 'manual',
        COMPLETION_TRACKING_AUTOMATIC => 'automatic',
    ];

    /**
     * Validates a rule.
     *
     * @param payload $payload what holds it
     * @param string $name its field
     * @param string[] $own the rules that the module has beside "view"
     * @return array
     */
    public static function parse(payload $payload, string $name, array $own): array {
        $object = $payload->object($name);
        $object->only('tracking', 'view', ...$own);
        $rule = ['tracking' => $object->choice('tracking', array_values(self::TRACKING))];
        foreach (array_merge(['view'], $own) as $condition) {
            if ($condition === 'attempts') {
                $rule[$condition] = $object->has($condition) ? $object->int($condition, 0, 1000) : 0;
            } else {
                $rule[$condition] = $object->has($condition) && $object->bool($condition);
            }
        }
        $any = (bool)array_filter(array_slice($rule, 1));
        if ($any !== ($rule['tracking'] === 'automatic')) {
            $reason = $any ? 'has conditions, so "tracking" must be "automatic"' : 'is automatic, so it needs a condition';
            throw failure::payload($object->path, $reason);
        }
        if (!empty($rule['pass']) && empty($rule['grade'])) {
            throw failure::payload("$object->path.grade", 'must be true when "pass" is');
        }
        return $rule;
    }

    /**
     * The rule of an activity.
     *
     * @param \stdClass $cm course module
     * @param \stdClass $instance row of the module's table
     * @param string[] $own the rules that the module has beside "view"
     * @return array
     */
    public static function state(\stdClass $cm, \stdClass $instance, array $own): array {
        $rule = ['tracking' => self::TRACKING[(int)$cm->completion], 'view' => (bool)$cm->completionview];
        foreach ($own as $condition) {
            $rule[$condition] = match ($condition) {
                'submit' => (bool)$instance->completionsubmit,
                'grade' => $cm->completiongradeitemnumber !== null,
                'pass' => (bool)$cm->completionpassgrade,
                'attempts' => (int)$instance->completionminattempts,
            };
        }
        return $rule;
    }

    /**
     * Writes a rule, and has Moodle compute everybody's completion again.
     *
     * @param \stdClass $course the course
     * @param \stdClass $cm course module
     * @param array $rule validated rule, different from the current one
     * @param string $path of the rule in the request
     */
    public static function write(\stdClass $course, \stdClass $cm, array $rule, string $path): void {
        global $DB;
        $info = new \completion_info($course);
        if (!$info->is_enabled()) {
            throw new failure('completiondisabled', $path);
        }
        self::refuse_loss($cm, $path);
        $DB->update_record('course_modules', [
            'id' => $cm->id,
            'completion' => array_search($rule['tracking'], self::TRACKING, true),
            'completionview' => (int)$rule['view'],
            'completiongradeitemnumber' => empty($rule['grade']) ? null : 0,
            'completionpassgrade' => (int)($rule['pass'] ?? false),
        ]);
        if (isset($rule['submit'])) {
            $DB->set_field($cm->modname, 'completionsubmit', (int)$rule['submit'], ['id' => $cm->instance]);
        }
        if (isset($rule['attempts'])) {
            $DB->set_field($cm->modname, 'completionminattempts', $rule['attempts'], ['id' => $cm->instance]);
            if (!$rule['pass']) {
                $DB->set_field($cm->modname, 'completionattemptsexhausted', 0, ['id' => $cm->instance]);
            }
        }
        \course_modinfo::purge_course_module_cache($course->id, $cm->id);
        rebuild_course_cache($course->id, false, true);
        $info->reset_all_state(get_fast_modinfo($course->id)->get_cm($cm->id));
    }

    /**
     * Refuses when computing again would not give back what learners have: ticks, a trainer's word, a completed course.
     *
     * @param \stdClass $cm course module
     * @param string $path of the rule in the request
     */
    private static function refuse_loss(\stdClass $cm, string $path): void {
        global $DB;
        $byhand = (int)$cm->completion === COMPLETION_TRACKING_MANUAL ? '' : 'AND overrideby IS NOT NULL AND overrideby <> 0';
        $lost = $DB->count_records_select(
            'course_modules_completion',
            "coursemoduleid = ? AND completionstate <> 0 $byhand",
            [$cm->id]
        );
        $courses = $DB->count_records_sql(
            "SELECT COUNT(cc.id)
               FROM {course_completions} cc
               JOIN {course_completion_criteria} c ON c.course = cc.course
              WHERE cc.course = ? AND cc.timecompleted > 0 AND c.criteriatype = ? AND c.moduleinstance = ?",
            [$cm->course, COMPLETION_CRITERIA_TYPE_ACTIVITY, $cm->id]
        );
        if ($lost || $courses) {
            throw new failure('completionlocked', $path, $lost + $courses);
        }
    }
}
