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
 * Keys of sections, of rubric criteria and levels and of feedback items go into backups.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

/**
 * Writes key map rows, each with the idnumber of the course that they were made for.
 */
class backup_local_moodlesync_plugin extends backup_local_plugin {
    /** Columns of a row; one that was restored keeps its first origin. */
    private const ROWS = "SELECT map.id, map.namespace, map.kind, map.objkey, map.objid, COALESCE(map.origin, c.idnumber) AS origin
                            FROM {local_moodlesync_map} map
                            JOIN {course} c ON c.id = map.courseid";

    /**
     * The key of a section.
     *
     * @return backup_plugin_element
     */
    protected function define_section_plugin_structure() {
        return $this->structure(
            self::ROWS . " WHERE map.kind = 'section' AND map.courseid = ? AND map.objid = ?",
            [backup::VAR_COURSEID, backup::VAR_SECTIONID]
        );
    }

    /**
     * The keys of the rubric of an activity, or of the items of a feedback.
     *
     * @return backup_plugin_element
     */
    protected function define_module_plugin_structure() {
        $criteria = "SELECT rc.id
                       FROM {gradingform_rubric_criteria} rc
                       JOIN {grading_definitions} d ON d.id = rc.definitionid
                       JOIN {grading_areas} a ON a.id = d.areaid
                      WHERE a.contextid = ?";
        $items = "SELECT fi.id
                    FROM {feedback_item} fi
                    JOIN {course_modules} cm ON cm.instance = fi.feedback
                    JOIN {modules} m ON m.id = cm.module AND m.name = 'feedback'
                    JOIN {context} ctx ON ctx.instanceid = cm.id AND ctx.contextlevel = " . CONTEXT_MODULE . "
                   WHERE ctx.id = ?";
        return $this->structure(
            self::ROWS . " WHERE map.courseid = ?
                             AND ((map.kind = 'item' AND map.objid IN ($items))
                                  OR (map.kind = 'criterion' AND map.objid IN ($criteria))
                                  OR (map.kind = 'level' AND map.objid IN (
                                     SELECT rl.id FROM {gradingform_rubric_levels} rl WHERE rl.criterionid IN ($criteria))))",
            [backup::VAR_COURSEID, backup::VAR_CONTEXTID, backup::VAR_CONTEXTID, backup::VAR_CONTEXTID]
        );
    }

    /**
     * Rows of a query.
     *
     * @param string $sql the query
     * @param int[] $params what stands for its parameters
     * @return backup_plugin_element
     */
    private function structure(string $sql, array $params) {
        $plugin = $this->get_plugin_element();
        $wrapper = new backup_nested_element($this->get_recommended_name());
        $key = new backup_nested_element('moodlesync_key', ['id'], ['namespace', 'kind', 'objkey', 'objid', 'origin']);
        $plugin->add_child($wrapper);
        $wrapper->add_child($key);
        $key->set_source_sql($sql, $params);
        return $plugin;
    }
}
