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
 * What is deleted in Moodle loses its keys and baselines.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync;

use local_moodlesync\local\keymap;

/**
 * Drops rows of objects that are gone, so that a later write makes them anew and a later plan compares with nothing.
 */
final class observer {
    /** The tables. */
    private const MAP = 'local_moodlesync_map';
    /** The tables. */
    private const BASELINE = 'local_moodlesync_baseline';

    /**
     * An activity was deleted.
     *
     * @param \core\event\course_module_deleted $event the event
     */
    public static function course_module_deleted(\core\event\course_module_deleted $event): void {
        global $DB;
        $idnumber = (string)($event->get_record_snapshot('course_modules', $event->objectid)->idnumber ?? '');
        $course = $DB->get_record('course', ['id' => $event->courseid], 'id, idnumber');
        if ($idnumber === '' || !$course || !str_starts_with($idnumber, "$course->idnumber:")) {
            return;
        }
        if ($DB->record_exists('course_modules', ['course' => $course->id, 'idnumber' => $idnumber])) {
            return; // The same key was there twice: the other one stays.
        }
        $key = substr($idnumber, strlen($course->idnumber) + 1);
        $where = ['namespace' => explode(':', $idnumber)[0], 'courseid' => (int)$course->id];
        foreach (['activity', 'rubric'] as $kind) {
            $DB->delete_records(self::BASELINE, $where + ['kind' => $kind, 'objkey' => $key]);
        }
        foreach (
            [[self::MAP, keymap::CRITERION, "$key/"], [self::MAP, keymap::LEVEL, "$key/"],
                [self::BASELINE, local\baseline::QUESTION, "$key/"], [self::BASELINE, 'activity_competency', "$key~"]] as $group
        ) {
            [$table, $kind, $prefix] = $group;
            $like = $DB->sql_like('objkey', ':prefix');
            $DB->delete_records_select(
                $table,
                "namespace = :namespace AND courseid = :courseid AND kind = :kind AND $like",
                $where + ['kind' => $kind, 'prefix' => $DB->sql_like_escape($prefix) . '%']
            );
        }
    }

    /**
     * A section was deleted.
     *
     * @param \core\event\course_section_deleted $event the event
     */
    public static function course_section_deleted(\core\event\course_section_deleted $event): void {
        self::drop((int)$event->courseid, [keymap::SECTION => 'section'], (int)$event->objectid);
    }

    /**
     * An enrolment was deleted.
     *
     * @param \core\event\user_enrolment_deleted $event the event
     */
    public static function user_enrolment_deleted(\core\event\user_enrolment_deleted $event): void {
        self::drop((int)$event->courseid, [keymap::ENROLMENT => 'enrolment'], (int)$event->objectid);
    }

    /**
     * All sections and activities of a course were deleted (enrolments have events of their own).
     *
     * @param \core\event\course_content_deleted $event the event
     */
    public static function course_content_deleted(\core\event\course_content_deleted $event): void {
        global $DB;
        foreach ([self::MAP, self::BASELINE] as $table) {
            $select = 'courseid = ? AND kind <> ? AND kind <> ?';
            $DB->delete_records_select($table, $select, [(int)$event->objectid, keymap::ENROLMENT, keymap::ROLE]);
        }
    }

    /**
     * A course was deleted.
     *
     * @param \core\event\course_deleted $event the event
     */
    public static function course_deleted(\core\event\course_deleted $event): void {
        global $DB;
        foreach ([self::MAP, self::BASELINE] as $table) {
            $DB->delete_records($table, ['courseid' => (int)$event->objectid]);
        }
        [$namespace, $key] = explode(':', (string)($event->other['idnumber'] ?? ''), 2) + [1 => ''];
        foreach (array_filter([$key, "$namespace:$key"]) as $name) {
            $DB->delete_records(
                self::BASELINE,
                ['namespace' => $namespace, 'courseid' => 0, 'kind' => 'course', 'objkey' => $name]
            );
        }
    }

    /**
     * Drops the row of an object, and the baseline of its key.
     *
     * @param int $courseid the course
     * @param string[] $kinds kind in the baseline, by kind in the map
     * @param int $objid Moodle's id
     */
    private static function drop(int $courseid, array $kinds, int $objid): void {
        global $DB;
        foreach ($kinds as $kind => $baseline) {
            foreach ($DB->get_records(self::MAP, ['courseid' => $courseid, 'kind' => $kind, 'objid' => $objid]) as $row) {
                $where = ['namespace' => $row->namespace, 'courseid' => $courseid, 'objkey' => $row->objkey];
                $DB->delete_records(self::BASELINE, $where + ['kind' => $baseline]);
                if ($kind === keymap::ENROLMENT) {
                    $DB->delete_records(self::MAP, $where + ['kind' => keymap::ROLE]);
                }
                $DB->delete_records(self::MAP, ['id' => $row->id]);
            }
        }
    }
}
