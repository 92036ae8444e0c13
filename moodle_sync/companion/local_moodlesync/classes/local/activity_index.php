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
 * The activities of a course that carry an idnumber of ours.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local;

/**
 * Finds activities by key, always within one course.
 */
final class activity_index {
    /** What is read of a course module. */
    private const SQL = "SELECT cm.id, cm.course, cm.instance, cm.idnumber, cm.section, cm.visible, cm.visibleold,
                                cm.visibleoncoursepage, cm.completion, cm.completionview, cm.completiongradeitemnumber,
                                cm.completionpassgrade, m.name AS modname, s.visible AS sectionvisible, ctx.id AS contextid
                           FROM {course_modules} cm
                           JOIN {modules} m ON m.id = cm.module
                           JOIN {course_sections} s ON s.id = cm.section
                           JOIN {context} ctx ON ctx.instanceid = cm.id AND ctx.contextlevel = :level
                          WHERE cm.course = :course AND cm.deletioninprogress = 0";

    /**
     * Constructor.
     *
     * @param scope $scope the course
     */
    public function __construct(
        /** @var scope the course. */
        private readonly scope $scope,
    ) {
    }

    /**
     * All activities of the namespace: ours, copies, and keys that are there twice.
     *
     * @return array ours: key => course module; copies: list of course modules; conflicts: idnumber => list of ids
     */
    public function all(): array {
        global $DB;
        $like = $DB->sql_like('cm.idnumber', ':prefix');
        $rows = $DB->get_records_sql(self::SQL . " AND $like ORDER BY s.section, cm.id", $this->params() + [
            'prefix' => $DB->sql_like_escape($this->scope->namespace . ':') . '%',
        ]);
        $byidnumber = $copies = $conflicts = $ours = [];
        foreach ($rows as $row) {
            if ($this->scope->key($row->idnumber) === null) {
                $copies[] = $row;
            } else {
                $byidnumber[$row->idnumber][] = $row;
            }
        }
        foreach ($byidnumber as $idnumber => $same) {
            if (count($same) > 1) {
                $conflicts[$idnumber] = array_map(fn($row) => (int)$row->id, $same);
            } else {
                $ours[$this->scope->key($idnumber)] = $same[0];
            }
        }
        return [$ours, $copies, $conflicts];
    }

    /**
     * The activity of a key, null when there is none.
     *
     * @param string $key local key
     * @param string $path of the key in the request
     * @return \stdClass|null course module
     */
    public function find(string $key, string $path): ?\stdClass {
        global $DB;
        $idnumber = $this->scope->idnumber($key, $path);
        $rows = $DB->get_records_sql(self::SQL . ' AND cm.idnumber = :idnumber', $this->params() + ['idnumber' => $idnumber]);
        if (count($rows) > 1) {
            $ids = implode(', ', array_keys($rows));
            throw new failure('duplicatekey', $path, (object)['idnumber' => $idnumber, 'ids' => $ids]);
        }
        return $rows ? reset($rows) : null;
    }

    /**
     * The activity of a key.
     *
     * @param string $key local key
     * @param string $path of the key in the request
     * @return \stdClass course module
     */
    public function get(string $key, string $path): \stdClass {
        return $this->find($key, $path) ?? throw new failure('nosuchkey', $path, (object)['kind' => 'activity', 'key' => $key]);
    }

    /**
     * The activity of an id.
     *
     * @param int $cmid course module id
     * @return \stdClass course module
     */
    public function reload(int $cmid): \stdClass {
        global $DB;
        return $DB->get_record_sql(self::SQL . ' AND cm.id = :cmid', $this->params() + ['cmid' => $cmid], MUST_EXIST);
    }

    /**
     * Parameters that every query has.
     *
     * @return array
     */
    private function params(): array {
        return ['course' => $this->scope->course->id, 'level' => CONTEXT_MODULE];
    }
}
