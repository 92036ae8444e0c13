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
 * Keys of sections and of rubric criteria and levels come back with a restored course.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

/**
 * Writes key map rows marked with their origin. They count again in a course of the same idnumber; elsewhere they are copies.
 */
class restore_local_moodlesync_plugin extends restore_local_plugin {
    /** @var stdClass[] keys of the rubric of this activity, until the rubric itself is there. */
    private array $rubrickeys = [];

    /**
     * Paths within a section.
     *
     * @return restore_path_element[]
     */
    protected function define_section_plugin_structure() {
        return [new restore_path_element('moodlesync_sectionkey', $this->get_pathfor('/moodlesync_key'))];
    }

    /**
     * Paths within an activity.
     *
     * @return restore_path_element[]
     */
    protected function define_module_plugin_structure() {
        return [new restore_path_element('moodlesync_rubrickey', $this->get_pathfor('/moodlesync_key'))];
    }

    /**
     * The key of a section.
     *
     * @param array|stdClass $data the row
     */
    public function process_moodlesync_sectionkey($data) {
        $this->keep((object)$data, (int)$this->task->get_sectionid());
    }

    /**
     * A key of a rubric.
     *
     * @param array|stdClass $data the row
     */
    public function process_moodlesync_rubrickey($data) {
        $this->rubrickeys[] = (object)$data;
    }

    /**
     * Rubrics are restored after the activity itself: only now their new ids are known.
     */
    public function after_restore_module() {
        foreach ($this->rubrickeys as $row) {
            $id = $this->get_mappingid("gradingform_rubric_$row->kind", $row->objid);
            if ($id) {
                $this->keep($row, (int)$id);
            }
        }
    }

    /**
     * Writes a row, unless the course has one of that key: then this is a part of another course merged into it.
     *
     * @param stdClass $row the row
     * @param int $id the object's new id
     */
    private function keep(stdClass $row, int $id): void {
        global $DB;
        $where = [
            'namespace' => $row->namespace,
            'courseid' => $this->task->get_courseid(),
            'kind' => $row->kind,
            'objkey' => $row->objkey,
        ];
        if (!$DB->record_exists('local_moodlesync_map', $where)) {
            $DB->insert_record('local_moodlesync_map', $where + [
                'objid' => $id,
                'origin' => $row->origin,
                'timecreated' => time(),
            ]);
        }
    }
}
