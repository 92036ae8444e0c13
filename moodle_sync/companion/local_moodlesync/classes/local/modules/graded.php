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
 * What assignments and quizzes share: a maximum grade and a grade to pass.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local\modules;

use local_moodlesync\local\failure;
use local_moodlesync\local\item;
use local_moodlesync\local\payload;
use local_moodlesync\local\values;

/**
 * A type of activity with one grade.
 */
abstract class graded extends module {
    #[\Override]
    public function readers(): array {
        return [
            'attempts' => fn(payload $p, string $f) => $p->int($f, 0, 1000),
            'grade_max' => fn(payload $p, string $f) => $p->decimal($f),
            'grade_pass' => fn(payload $p, string $f) => $p->raw($f) === null ? null : $p->decimal($f),
        ];
    }

    #[\Override]
    public function check(array $after, array $changes, item $item): void {
        if (!array_intersect_key($changes, ['grade_pass' => 1, 'grade_max' => 1, 'completion' => 1])) {
            return;
        }
        if ($after['grade_pass'] !== null && (float)$after['grade_pass'] > (float)$after['grade_max']) {
            $culprit = array_key_exists('grade_pass', $changes) ? 'grade_pass' : 'grade_max';
            throw failure::payload($item->at($culprit), '"grade_pass" would be more than "grade_max"');
        }
        if ($after['completion']['pass'] && $after['grade_pass'] === null) {
            $culprit = array_key_exists('completion', $changes) ? 'completion.pass' : 'grade_pass';
            throw failure::payload($item->at($culprit), 'completion by passing needs a "grade_pass"');
        }
    }

    /**
     * The grades to pass, in bulk.
     *
     * @param string $modname name of the module
     * @param int[] $instances ids of the module's table
     * @return array instance id => decimal string, null for none
     */
    protected function grades_to_pass(string $modname, array $instances): array {
        global $DB;
        if (!$instances) {
            return [];
        }
        [$in, $params] = $DB->get_in_or_equal($instances, SQL_PARAMS_NAMED);
        $rows = $DB->get_records_select_menu(
            'grade_items',
            "courseid = :course AND itemtype = 'mod' AND itemmodule = :modname AND itemnumber = 0 AND iteminstance $in",
            ['course' => $this->scope->course->id, 'modname' => $modname] + $params,
            '',
            'iteminstance, gradepass'
        );
        return array_map(fn($pass) => (float)$pass ? values::decimal($pass) : null, $rows);
    }

    /**
     * The grade item of an activity.
     *
     * @param \stdClass $cm course module
     * @return \grade_item|null null when it is not graded
     */
    protected function grade_item(\stdClass $cm): ?\grade_item {
        global $CFG;
        require_once($CFG->libdir . '/gradelib.php');
        return \grade_item::fetch([
            'courseid' => $cm->course,
            'itemtype' => 'mod',
            'itemmodule' => $cm->modname,
            'iteminstance' => $cm->instance,
            'itemnumber' => 0,
        ]) ?: null;
    }

    /**
     * Writes the grade to pass.
     *
     * @param \stdClass $cm course module
     * @param array $changes field => wanted value
     * @param item $item the item
     */
    protected function write_grade_to_pass(\stdClass $cm, array $changes, item $item): void {
        if (!array_key_exists('grade_pass', $changes)) {
            return;
        }
        $gradeitem = $this->grade_item($cm);
        if (!$gradeitem || $gradeitem->gradetype != GRADE_TYPE_VALUE) {
            throw new failure('nogradeitem', $item->at('grade_pass'));
        }
        $gradeitem->gradepass = $changes['grade_pass'] ?? 0;
        $gradeitem->update('local_moodlesync');
    }

    /**
     * The row of the module's table, with what the grade book's functions want beside it.
     *
     * @param \stdClass $cm course module
     * @return \stdClass
     */
    protected function record_for_gradebook(\stdClass $cm): \stdClass {
        global $DB;
        $record = $DB->get_record($cm->modname, ['id' => $cm->instance], '*', MUST_EXIST);
        // The assign class itself passes the course module's id here, which would become the grade item's idnumber.
        $record->cmidnumber = $cm->idnumber;
        $record->coursemodule = $cm->id;
        $record->cmid = $cm->id;
        return $record;
    }
}
